"""The work of the commands, imported when it begins."""
