"""Sections of the scaling page."""
