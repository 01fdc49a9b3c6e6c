"""What Dagster loads: the repository that DATARELEASE_REPOSITORY names, or the one around here."""

import os
from pathlib import Path

from datarelease.orchestration.definitions import build_definitions

defs = build_definitions(os.environ.get("DATARELEASE_REPOSITORY") or Path(__file__).parent)
