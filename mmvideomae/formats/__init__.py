"""Annotation, label-map, proposal, feature and result files to records and back."""
