"""Read frames from files, folders of frames and cameras, and write frames to files."""
