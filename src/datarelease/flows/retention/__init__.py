"""What must stay on the remotes, what nothing needs, and what has to be erased."""
