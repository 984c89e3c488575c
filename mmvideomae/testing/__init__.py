"""Synthetic videos and tiny models for tests, demos and docs; import the submodules."""
