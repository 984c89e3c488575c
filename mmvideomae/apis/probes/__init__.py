"""Probes: what a frozen encoder knows, measured by classifiers on its features."""
