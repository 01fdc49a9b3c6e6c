"""DuckDB as the engine. Nothing else imports it."""
