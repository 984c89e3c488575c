"""Cost, speed and comparison of models and results."""
