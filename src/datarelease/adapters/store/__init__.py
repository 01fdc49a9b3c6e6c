"""Places that hold objects: directories, object stores, servers; their errors and credentials."""
