"""The check of a change: reproduce, validate, profile, compare, judge."""
