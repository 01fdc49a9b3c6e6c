"""Tables as Narwhals lazy frames, and the files that they are read from."""
