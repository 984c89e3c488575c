"""Prepare boxes of actions: from annotations to the lists of `ActionBoxDataset`."""
