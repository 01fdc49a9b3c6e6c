"""Places that hold objects: directories and object stores, their errors and credentials."""
