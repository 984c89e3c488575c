"""Small labelled videos, made on demand, for demos, tutorials, claims and tests."""
