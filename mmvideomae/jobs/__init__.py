"""Run one function over many videos: processes, shares and progress."""
