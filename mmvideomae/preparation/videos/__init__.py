"""Video files: which can be read, and copies that read faster."""
