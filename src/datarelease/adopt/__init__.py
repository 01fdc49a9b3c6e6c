"""``datarelease init``: what a repository lacks, as a plan, and the plan carried out."""
