"""The composition root of ingestion: settings and environment in, wired steps out."""
