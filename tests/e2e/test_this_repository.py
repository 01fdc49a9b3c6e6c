"""This repository is itself a dataset under release: its lock and reports belong to its sources."""

from __future__ import annotations

import os
from pathlib import Path

from datarelease.adapters.dvc.graph import read_graph
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.documents import decode
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation

ROOT = Path(__file__).resolve().parents[2]


def test_the_lock_is_current() -> None:
    """No stage is out of date: whoever edits the generator or params.yaml runs ``dvc repro``."""
    assert Dvc(ROOT, env=os.environ).stale_stages() == ()


def test_the_stages_are_those_of_its_own_pipeline() -> None:
    """A ``dvc.yaml`` among the files of tests adds none: its data is not there, and checks fail."""
    stages = {stage.address for stage in read_graph(ROOT).stages}
    assert stages == {"make", "validate", "profile"}


def test_the_reports_can_be_read() -> None:
    """The committed reports are of the format that this version reads and writes."""
    folder = ROOT / "reports" / "customers"
    validation = decode(Validation, (folder / "validation.json").read_bytes())
    profile = decode(Profile, (folder / "profile.json").read_bytes())
    assert validation.passed
    assert validation.rows == profile.rows == 20_000
    assert {column.name for column in profile.columns if column.pii} == {
        "first_name", "last_name", "email", "phone",
    }  # fmt: skip
