"""Files, folders of frames and cameras to frames, and frames to files."""
