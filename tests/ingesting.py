"""A repository with one stream, `orders`, and nothing else: what ingestion needs, made fast.

No DVC runs here; stages are called as DVC would call them.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from datarelease.documents import decode, encode
from datarelease.ingest.drain import Drained, drain_now
from datarelease.ingest.parse.batch import DEAD_SCHEMA
from datarelease.ingest.plan import Planned, plan_now
from datarelease.model.data.stream import BatchCounts, DeadLetter, StreamCounts, StreamPlan
from datarelease.model.review.diff import Compatibility
from datarelease.model.versions.manifest import Manifest, ManifestDataset, ManifestRemote
from datarelease.model.versions.remote_keys import manifest_key, object_key
from datarelease.model.versions.snapshot import DatasetSnapshot, Entry, Snapshot
from datarelease.model.versions.version import write_message
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
    def made(
        cls,
        folder: Path,
        env: Mapping[str, str],
        topic: str,
        announce: str | None = None,
        **stream: Any,
    ) -> Ingesting:
        """A repository below ``folder`` whose stream reads ``topic``, pushed to its origin."""
        made = cls(folder / "work", folder / "origin.git", env)
        (made.root / ".dvc").mkdir(parents=True)
        (made.root / ".gitignore").write_text("/data\n/.dvc/tmp\n")
        (made.root / "dvc.yaml").write_text(yaml.safe_dump(DVC_YAML))
        (made.root / "schemas").mkdir()
        (made.root / "schemas" / "orders.yaml").write_text(SCHEMA)
        made.settings(topic=topic, announce=announce, **stream)
        made.git("init", "--quiet", "--bare", str(made.origin))
        made.git("init", "--quiet")
        made.git("remote", "add", "origin", str(made.origin))
        made.git("add", "-A")
        made.publish("Begin")
        return made

    def settings(self, *, announce: str | None = None, **stream: Any) -> None:
        """Set the stream's settings, and the topic that is told of releases."""
        release = {"release": {"streams": {STREAM: stream}, "announce": announce}}
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

    def plan(self, *, anew: bool = False) -> Planned:
        """What waits, planned."""
        return plan_now(self.root, STREAM, env=self.env, progress=Quiet(), anew=anew)

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

    # --- released

    @property
    def remote(self) -> Path:
        """The directory that is DVC's default remote."""
        return self.root.parent / "remote"

    def release(
        self, number: int, dead: Mapping[int, Sequence[DeadLetter]] = MappingProxyType({})
    ) -> str:
        """The work tree's plan released as a version, as the real commands would leave it.

        Args:
            number: Of the version.
            dead: Dead letters by the number of their batch.
        """
        config = f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {self.remote}\n"
        (self.root / ".dvc" / "config").write_text(config)
        topic = self.planned.topic
        files = {
            f"{batch:06}.parquet": _dead_file(letters, topic) for batch, letters in dead.items()
        }
        out = {"path": f"data/streams/{STREAM}/dead", "hash": "md5", "md5": self._stored(files)}
        rows = self._stored({"000001.parquet": f"the rows of {number}".encode()})
        lock = {"schema": "2.0", "stages": {"parse-orders": {"cmd": "parse", "outs": [out]}}}
        (self.root / "dvc.lock").write_text(yaml.safe_dump(lock))
        self.publish(f"Version {number}")
        manifest = self._manifest(number, rows)
        data = encode(manifest).encode()
        place = self.remote / manifest_key(manifest.tag)
        place.parent.mkdir(parents=True)
        place.write_bytes(data)
        trailers = [
            ("Digest", manifest.digest),
            ("Manifest-Sha256", hashlib.sha256(data).hexdigest()),
        ]
        message = write_message(f"{manifest.tag}: made for a test", trailers)
        self.git("tag", "-a", manifest.tag, "-m", message)
        self.git("push", "--quiet", "origin", manifest.tag)
        return manifest.tag

    def _manifest(self, number: int, rows: str) -> Manifest:
        entry = Entry(path=".", md5=rows)
        plan = self.planned
        counts = [
            BatchCounts(
                number=batch.number, spans=batch.spans, md5="0" * 32, records=batch.offsets,
                events=batch.offsets - 1, duplicates=0, tombstones=0, dead=1,
            )
            for batch in plan.batches
        ]  # fmt: skip
        head = self.git("rev-parse", "HEAD")
        return Manifest(
            tag=f"data-v{number}",
            number=number,
            digest=Snapshot(
                datasets=(DatasetSnapshot(name=STREAM, entries=(entry,)),)
            ).digest,
            datasets=(
                ManifestDataset(
                    name=STREAM, path="data/orders", entries=(entry,), files=(), rows=5,
                    schema=None, schema_sha256=None,
                ),
            ),
            remotes=(ManifestRemote(name="storage", url=str(self.remote)),),
            commit=head,
            date="2026-01-02T03:04:05Z",
            baseline=None if number == 1 else f"data-v{number - 1}",
            rollback_of=None,
            compatibility=Compatibility.PATCH,
            verdict="pass",
            params_sha256="0" * 64,
            reviewed=None,
            tools=(),
            inputs=(
                StreamCounts(
                    stream=STREAM, topic=plan.topic, cluster=plan.cluster, batches=tuple(counts)
                ),
            ),
        )  # fmt: skip

    def _stored(self, files: Mapping[str, bytes]) -> str:
        """The hash of a directory whose objects are now on the remote."""
        listed = []
        for name, data in sorted(files.items()):
            listed.append({"md5": _md5(data), "relpath": name})
            self._put(_md5(data), data)
        listing = json.dumps(listed).encode()
        self._put(f"{_md5(listing)}.dir", listing)
        return f"{_md5(listing)}.dir"

    def _put(self, md5: str, data: bytes) -> None:
        place = self.remote / object_key(md5)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _dead_file(letters: Sequence[DeadLetter], topic: str) -> bytes:
    rows = [
        {
            "topic": topic,
            **asdict(letter),
            "headers": [{"name": name, "value": value} for name, value in letter.headers],
        }
        for letter in letters
    ]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=DEAD_SCHEMA), sink)
    return sink.getvalue()
