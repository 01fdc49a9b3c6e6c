"""Profiles of tables of which few parts changed: from what is known of the version before."""
