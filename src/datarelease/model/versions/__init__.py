"""What a version is: its number, its content, its permanent record."""
