"""``datarelease doctor``: what is in order in a setup and what is not, each with its remedy."""
