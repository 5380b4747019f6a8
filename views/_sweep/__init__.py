"""The parts of the sweep page."""
