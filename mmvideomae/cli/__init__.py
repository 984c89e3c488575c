"""Shared parts of the command lines: options, progress and running."""
