"""Row groups of Parquet files, told apart by their bytes: what did not change is not decoded."""
