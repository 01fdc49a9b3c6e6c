"""One outside system a module. What does not belong here: decisions about releases."""
