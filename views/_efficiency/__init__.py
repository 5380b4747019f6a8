"""Tabs of the efficiency page."""
