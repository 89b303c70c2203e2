"""Kvalitet: a warehouse of quality indicators."""
