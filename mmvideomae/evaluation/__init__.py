"""Predictions -> numbers; so far mmaction2's metrics serve."""
