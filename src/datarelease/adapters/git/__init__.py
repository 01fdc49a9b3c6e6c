"""git: one repository, its objects, tags and pushes."""
