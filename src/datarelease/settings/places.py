"""Where the settings of releases are written."""

from __future__ import annotations

PARAMS_FILE = "params.yaml"
SECTION = "release"
"""The key in it below which they are."""
