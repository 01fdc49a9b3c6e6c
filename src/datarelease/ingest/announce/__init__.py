"""What is told to the broker after a release."""
