"""``python -m datarelease``."""

from datarelease.cli import main

main()
