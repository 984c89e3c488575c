"""Extract features of untrimmed videos."""
