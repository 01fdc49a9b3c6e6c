"""How parts of a table are read, and whether all of them are read alike."""
