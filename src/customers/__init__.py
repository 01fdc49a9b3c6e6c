"""The customers this repository's own dataset is made of: parameters, draws, names, columns."""
