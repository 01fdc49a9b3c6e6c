"""Each module talks to one outside system. Decisions about releases do not belong here."""
