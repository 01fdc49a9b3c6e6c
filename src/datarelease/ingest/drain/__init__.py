"""The records of planned offsets as raw files."""
