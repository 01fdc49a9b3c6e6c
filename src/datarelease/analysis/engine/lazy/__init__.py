"""Tables opened lazily: columns and rows are chosen before anything but footers is read."""
