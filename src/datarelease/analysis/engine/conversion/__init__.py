"""Files that the engines do not read themselves, converted to CSV in UTF-8 or to Parquet."""
