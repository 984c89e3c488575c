"""Compute codes of videos once and keep them in files."""
