"""What pull requests, releases and issues on GitHub are told."""
