"""Sections of the investment page, each drawn only when it is chosen."""
