"""Sections of the policy page."""
