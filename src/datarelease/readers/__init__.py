"""Versions read from a remote alone, without git and DVC: such readers trust the remote."""
