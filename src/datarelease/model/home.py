"""Where this project lives, for what it writes into other repositories."""

REPOSITORY = "datarelease/datarelease"
"""On GitHub."""
