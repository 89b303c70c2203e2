"""Rebuilds of the past, and what changed between two publications, with its causes."""
