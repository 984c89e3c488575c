"""Measure and compare models and results."""
