"""Recorded validations and profiles, and which of them are valid.

Stages leave them for git, releases on the remotes, builds in their bundles. Each names its inputs
and is valid for exactly these; this module decides it for every reader.
"""

from __future__ import annotations

from datarelease.model.data import profile, provenance, validation
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Profile
from datarelease.model.data.provenance import ReadFile
from datarelease.model.data.validation import Validation
from datarelease.model.versions.snapshot import DatasetSnapshot

_Record = Validation | Profile


def other_inputs(
    record: _Record, dataset: Dataset, content: DatasetSnapshot, read: ReadFile
) -> tuple[str, ...]:
    """The inputs that ``record`` was not made from as they are now; none: it counts.

    Args:
        record: As it was found.
        dataset: As it is declared now (of a version: as it was then).
        content: Its data.
        read: Files of the same revision.
    """
    if isinstance(record, Validation):
        now = provenance.of_validation(dataset, content, read)
        current = record.format == validation.VALIDATION_FORMAT
    else:
        now = provenance.of_profile(dataset, content, read)
        current = record.format == profile.PROFILE_FORMAT
    return (*(() if current else ("format",)), *provenance.differences(record.made_from, now))


def in_words(record: _Record, other: tuple[str, ...]) -> str:
    """Why a record is not used."""
    if not record.made_from:
        return "it does not say what it was made from"
    return f"it was made before a change of: {', '.join(other)}"
