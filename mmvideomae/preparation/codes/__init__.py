"""Codes of videos, computed once and kept in files."""
