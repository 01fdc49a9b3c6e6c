"""What a reviewer decides on: the change, the rules on it, and the verdict."""
