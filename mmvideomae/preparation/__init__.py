"""Prepare and check lists for training from published data or your own."""
