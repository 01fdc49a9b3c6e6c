"""A repository with one stream, `orders`, and nothing else: what ingestion needs, made fast.

No DVC runs here; stages are called as DVC would call them.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from datarelease.documents import decode
from datarelease.ingest.app_broker import Planned, drain_now, plan_now
from datarelease.ingest.drain import Drained
from datarelease.model.stream import StreamPlan
from datarelease.progress import Quiet

DVC_YAML: dict[str, Any] = {
    "artifacts": {
        "orders": {
            "path": "data/orders",
            "type": "dataset",
            "meta": {"key": ["id"], "schema": "schemas/orders.yaml"},
        }
    }
}
SCHEMA = """\
schema_type: dataframe
api: pandas
columns:
  id:
    dtype: int64
  text:
    dtype: str
    nullable: true
strict: false
"""
STREAM = "orders"


@dataclass(frozen=True)
class Ingesting:
    """A clone with one stream; the broker is that of ``env``."""

    root: Path
    origin: Path
    env: Mapping[str, str]

    @classmethod
    def made(cls, folder: Path, env: Mapping[str, str], topic: str, **stream: object) -> Ingesting:
        """A repository below ``folder`` whose stream reads ``topic``, pushed to its origin."""
        made = cls(folder / "work", folder / "origin.git", env)
        (made.root / ".dvc").mkdir(parents=True)
        (made.root / ".gitignore").write_text("/data\n/.dvc/tmp\n")
        (made.root / "dvc.yaml").write_text(yaml.safe_dump(DVC_YAML))
        (made.root / "schemas").mkdir()
        (made.root / "schemas" / "orders.yaml").write_text(SCHEMA)
        made.settings(topic=topic, **stream)
        made.git("init", "--quiet", "--bare", str(made.origin))
        made.git("init", "--quiet")
        made.git("remote", "add", "origin", str(made.origin))
        made.git("add", "-A")
        made.publish("Begin")
        return made

    def settings(self, **stream: object) -> None:
        """Set the stream's settings."""
        release = {"release": {"streams": {STREAM: stream}}}
        (self.root / "params.yaml").write_text(yaml.safe_dump(release))

    def git(self, *arguments: str) -> str:
        """What git prints."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def publish(self, message: str = "Plan") -> None:
        """Bring the work tree's plan to the origin's default branch."""
        self.git("add", "-A")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD:main")

    def clone(self, folder: Path) -> Ingesting:
        """Another clone of the same origin."""
        self.git("clone", "--quiet", str(self.origin), str(folder))
        (folder / ".dvc").mkdir(exist_ok=True)
        return Ingesting(folder, self.origin, self.env)

    def plan(self) -> Planned:
        """What waits, planned."""
        return plan_now(self.root, STREAM, env=self.env, progress=Quiet())

    def drain(self) -> Drained:
        """The plan, drained."""
        return drain_now(self.root, STREAM, env=self.env, progress=Quiet())

    @property
    def plan_file(self) -> Path:
        """Where the plan is."""
        return self.root / "streams" / f"{STREAM}.json"

    @property
    def planned(self) -> StreamPlan:
        """The plan in the work tree."""
        return decode(StreamPlan, self.plan_file.read_bytes())

    @property
    def raw(self) -> Path:
        """Where the raw files are."""
        return self.root / "data" / "streams" / STREAM / "raw"

    def parts(self) -> dict[str, bytes]:
        """The bytes of the raw files by their names."""
        return {path.name: path.read_bytes() for path in sorted(self.raw.iterdir())}

    def records(self) -> list[dict[str, Any]]:
        """Every record of every raw file, in order."""
        return [row for table in self.tables() for row in table.to_pylist()]

    def tables(self) -> Iterator[pa.Table]:
        """The raw files."""
        for path in sorted(self.raw.iterdir()):
            yield pq.read_table(path)

    def files(self) -> list[pq.ParquetFile]:
        """The raw files, opened."""
        return [pq.ParquetFile(path) for path in sorted(self.raw.iterdir())]

    def forget(self) -> None:
        """Remove the raw files, as a fresh clone lacks them."""
        shutil.rmtree(self.raw)
