"""What command lines share: options, progress and running."""
