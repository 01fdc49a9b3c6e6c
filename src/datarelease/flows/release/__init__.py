"""The release: plan, push, verify, record, tag; and the bundle between two jobs."""
