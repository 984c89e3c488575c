"""The commands: their options, and the name of the module in `cli.work` that does the work."""
