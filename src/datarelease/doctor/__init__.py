"""``datarelease doctor``: what is in order in a set-up and what is not, each with its remedy."""
