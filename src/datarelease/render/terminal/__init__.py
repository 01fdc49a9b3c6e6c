"""What a terminal shows: reports, versions, violations, plans."""
