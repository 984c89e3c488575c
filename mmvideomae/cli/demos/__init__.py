"""The work of the command lines in tools/demo, given their parsed options."""
