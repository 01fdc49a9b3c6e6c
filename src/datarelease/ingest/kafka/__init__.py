"""The broker and the schema registry: clients, settings, errors."""
