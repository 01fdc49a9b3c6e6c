"""What a dataset is and what is known of one: its table, statistics and validation."""
