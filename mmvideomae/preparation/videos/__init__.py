"""Check video files, and make copies that can be read faster."""
