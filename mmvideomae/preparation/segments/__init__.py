"""Prepare segments of actions in long videos: from annotations to clips and lists."""
