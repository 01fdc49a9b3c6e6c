"""Tables to values. What does not belong here: git, DVC, remotes, and how a result looks."""
