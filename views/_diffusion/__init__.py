"""Sections of the diffusion page, each drawn only when it is chosen."""
