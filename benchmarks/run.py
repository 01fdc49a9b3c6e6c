"""`python benchmarks/run.py`: measures datarelease against its peers (see docs/benchmarks.md)."""

from __future__ import annotations

import sys
from pathlib import Path

# Started as a file, Python looks for modules beside it only.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.suite import main

if __name__ == "__main__":
    sys.exit(main())
