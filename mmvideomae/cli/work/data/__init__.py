"""The work of the commands that prepare data."""
