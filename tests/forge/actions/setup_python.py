"""Stands in for actions/setup-python: the Python that is there will do."""

from __future__ import annotations

import platform
import sys

from tests.forge.actions.scene import put


def main() -> int:
    """Says what is there."""
    put("GITHUB_OUTPUT", "python-version", platform.python_version())
    put("GITHUB_OUTPUT", "python-path", sys.executable)
    return 0


if __name__ == "__main__":
    sys.exit(main())
