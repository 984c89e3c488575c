"""What the command lines in tools/demo do with the options that they read."""
