"""Read and write annotation, label-map, proposal, feature and result files."""
