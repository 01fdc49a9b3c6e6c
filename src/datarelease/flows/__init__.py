"""The order of the steps. What does not belong here: how a step is done, how a result looks."""
