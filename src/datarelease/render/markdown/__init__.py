"""The report as Markdown on GitHub: comment, dataset, findings, release, issue."""
