"""Calculates when each source is due, and what a night waits for."""
