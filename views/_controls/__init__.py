"""Tabs of the export-control page."""
