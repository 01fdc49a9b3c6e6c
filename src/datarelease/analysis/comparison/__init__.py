"""Two versions of a dataset compared: columns, promises, distributions, rows."""
