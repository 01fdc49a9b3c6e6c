"""The stage commands on the work tree around a directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.app.projects import project_root
from datarelease.app.settings import settings_at
from datarelease.app.wiring import PACKAGE, engine
from datarelease.flows.check.stage import profile_stage, validate_stage
from datarelease.model.data.files import Statistics
from datarelease.model.data.validation import Validation
from datarelease.model.review.policy import Level
from datarelease.progress import Progress
from datarelease.settings.read import Settings

if TYPE_CHECKING:
    from datarelease.analysis.engine.protocol import Engine


def validate_dataset(start: Path, name: str, progress: Progress) -> tuple[Validation, Level]:
    """A schema's outcome on a dataset (``flows.check.stage``), and what violations mean here."""
    root = project_root(start)
    settings = settings_at(root, name)
    with _engine(root, settings, progress) as opened:
        return validate_stage(root, settings, name, opened), settings.policy.violations


def profile_dataset(start: Path, name: str, progress: Progress) -> Statistics:
    """The statistics of a dataset (see ``flows.check.stage``)."""
    root = project_root(start)
    settings = settings_at(root, name)
    with _engine(root, settings, progress) as opened:
        return profile_stage(root, settings, name, opened)


def _engine(root: Path, settings: Settings, progress: Progress) -> Engine:
    """The engine of the settings; in a stage that DVC runs, always the embedded one.

    Such a stage knows no address of a cluster, which would be a secret, and needs none: results of
    engines are equal.
    """
    name = "duckdb" if os.environ.get("DVC_STAGE") else settings.engine
    return engine(settings.memory_limit, root / ".dvc" / "tmp" / PACKAGE, progress, name)()
