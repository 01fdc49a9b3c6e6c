"""A build as data: what the job with the publishing secrets needs of the job that ran the pipeline.

A bundle is a directory. Nothing in it is run: the publisher reads the documents strictly, takes
only the files named below, and objects only under the hash of their bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

_FORMAT = 1
BUNDLE_FILE = "bundle.json"
REPORT = "report.json"
TREE_FOLDER = "tree"
"""Folder with files of the work tree that the build changed: locks and the reports of stages."""
ASSESSMENTS = "assessments"
"""Folder with the validation and the statistics of each dataset, by their paths."""
SIZE_LIMIT = 5 * 1000**3
"""Bytes of objects in a bundle; beyond that a staging remote carries them better."""
DOCUMENT_LIMIT = 64 * 1000**2
"""Bytes of one document or lock in a bundle."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The table of contents."""

    commit: str
    """That was built."""
    digest: str
    """Of the data."""
    staging: str | None
    """The remote that holds the objects; None: they are in the bundle, as on a remote."""
    tree: tuple[str, ...]
    """Paths of the files in ``tree/``."""
    format: int = _FORMAT
