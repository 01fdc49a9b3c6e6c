"""Records into rows of a dataset, and dead letters."""
