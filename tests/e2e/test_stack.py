"""The local stack: one command, and versions come by themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from orchestration.servers import free_ports
from tests.project import Project
from tests.stories import ROOT

import datarelease as dr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_orders_become_versions_by_themselves(tmp_path: Path) -> None:
    """The first by a person that the stack plays, the second without one; then nothing runs on."""
    stage = tmp_path / "stage"
    done = subprocess.run(
        [sys.executable, "orchestration/stack.py", "--fresh", "--until", "2", "--rate", "100",
         "--history", "3000", "--stage", str(stage), "--port", str(*free_ports(1))],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=800,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Playing that person" in done.stdout
    left = [p for p in psutil.process_iter(["cmdline"]) if str(stage) in str(p.info["cmdline"])]
    assert left == []
    assert [version.tag for version in dr.versions(repo=stage / "work")][:2] == [
        "data-v1", "data-v2",
    ]  # fmt: skip
    shop = Project(stage / "work", stage / "origin.git", stage / "s3")
    merges = shop.git("-C", str(stage / "origin.git"), "log", "--merges", "--format=%s", "main")
    assert "Merge stream/orders/000002-1" in merges
