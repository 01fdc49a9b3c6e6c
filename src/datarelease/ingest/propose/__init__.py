"""Pull requests with new events: made, described, merged."""
