"""Asks what the remotes of a release need: that they answer, and keep what they were given.

And the policies for those on AWS, as JSON to paste: who may assume which role, and what the role
may do. Sources: IAM User Guide, "Create a role for OpenID Connect federation"; GitHub's
documentation, "OpenID Connect reference" (subject claims); Amazon S3 User Guide, "Actions,
resources, and condition keys", "Configuring a bucket lifecycle configuration to delete incomplete
multipart uploads".
"""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.store.credentials import DAGSHUB_TOKEN
from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.adapters.store.object_store import ObjectStore
from datarelease.adapters.store.upkeep import ObjectUpkeep
from datarelease.doctor.local import Questions
from datarelease.errors import WorldError
from datarelease.flows.edits import rendered
from datarelease.model.diagnosis import PUBLISHING, READING, STAGING, Observation

PROBE_FOLDER = "releases/.doctor"
PROBE = f"{PROBE_FOLDER}/probe.txt"
CONTENT = b"Written by `datarelease doctor --write`, to see whether it can be. Harmless.\n"
_DAGSHUB_PATH = re.compile(r"/[^/]+/[^/]+\.s3/?")


def remote_questions(
    config: DvcConfig,
    required: Sequence[str],
    staging: str | None,
    *,
    bound: Sequence[str],
    write: bool,
) -> Questions:
    """What is asked of the remotes: of the ``required`` ones, or of DVC's default one.

    And of the ``bound`` ones, which outputs name (``remote: NAME``).

    Nothing is written unless ``write``; then one small object, always the same.
    """
    names = list(required) or ([config.default_remote] if config.default_remote else [])
    every = [*names, *([staging] if staging else [])]
    questions: dict[str, Callable[[], Iterable[Observation]]] = {}
    if not names:
        questions["remotes"] = _no_remote
    if staging is not None and staging.lower() != STAGING:
        questions["staging"] = partial(_misnamed, staging)
    if len(every) > 1:
        questions["places"] = partial(_places, config, every)
    for name in dict.fromkeys((*every, *bound)):
        questions |= _of_one(config, name, write=write)
    return questions


def _no_remote() -> Iterator[Observation]:
    yield Observation(
        "missing",
        "DVC has no default remote, and `release.remotes` names none",
        "dvc remote add --default NAME URL   (docs/remotes.md says what URL can be)",
    )


def _misnamed(staging: str) -> Iterator[Observation]:
    what = (
        f"release.staging names {staging!r}; the workflows' credentials are for a remote called "
        f"{STAGING!r}"
    )
    yield Observation("warning", what, f"dvc remote rename {staging} {STAGING}")


def _places(config: DvcConfig, names: Sequence[str]) -> Iterator[Observation]:
    places: dict[str, list[str]] = {}
    for name in names:
        places.setdefault(config.place(name), []).append(name)
    same = [" and ".join(group) for group in places.values() if len(group) > 1]
    if same:
        yield Observation(
            "missing",
            f"{'; '.join(same)} are the same place",
            "give each an address of its own (`dvc remote modify NAME url URL`), or name one of "
            "them only in `release.remotes` and `release.staging`",
        )
    else:
        yield Observation("ok", f"{len(places)}, all different")


def _of_one(config: DvcConfig, name: str, *, write: bool) -> Questions:
    reached: list[Store] = []

    def reach() -> Iterator[Observation]:
        store = config.store(name)
        yield from reading(store)
        reached.append(store)

    questions: dict[str, Callable[[], Iterable[Observation]]] = {}
    kind = config.kind(name)
    if kind == "dagshub":
        questions[f"{name}: DagsHub"] = partial(_dagshub, config, name)
    questions[name] = reach
    questions[f"{name}: verify"] = partial(_verify, config, name)
    # A remote that does not answer would only say the same again.
    questions[f"{name}: write"] = lambda: [_writes(store, write=write) for store in reached]
    if kind in {"aws", "s3"}:
        questions[f"{name}: unfinished"] = lambda: [
            _unfinished(store) for store in reached if isinstance(store, ObjectStore)
        ]
    return questions


def reading(store: Store) -> Iterator[Observation]:
    """One object is asked for and one folder is listed: all that reading a version takes."""
    store.read(PROBE)
    store.stat([f"{PROBE_FOLDER}/{number}" for number in range(5)])
    if isinstance(store, DirectoryStore) and not store.root.is_dir():
        # A first release makes it; but a share that is not mounted looks the same.
        yield Observation(
            "warning",
            f"the directory {store.url} does not exist; the first release would make it",
            f"mkdir -p {shlex.quote(store.url)}   (or mount the storage there, or correct the "
            f"address: dvc remote modify {store.name} url URL)",
        )
    else:
        yield Observation("ok", f"{store.url} can be read and listed")


def _verify(config: DvcConfig, name: str) -> Iterator[Observation]:
    if config.verifies(name):
        yield Observation("ok", "`dvc pull` checks objects from this remote")
    else:
        what = "`dvc pull` accepts damaged objects from this remote without an error"
        yield Observation("warning", what, f"dvc remote modify {name} verify true")


def _writes(store: Store, *, write: bool) -> Observation:
    if not write:
        remedy = f"datarelease doctor --write   (leaves one small object, {PROBE})"
        return Observation("unknown", "not tried", remedy)
    with tempfile.TemporaryDirectory() as scratch:
        probe = Path(scratch) / "probe"
        probe.write_bytes(CONTENT)
        # Twice, because copies of manifests are written over: a policy may refuse just that.
        for _ in range(2):
            store.upload({PROBE: probe}, lambda _: None)
    if store.read(PROBE) == CONTENT:
        return Observation("ok", f"wrote {PROBE} and read it back")
    what = f"{PROBE} was written, but other bytes were read back"
    return Observation("missing", what, "check the storage: nothing can be released to it")


def _unfinished(store: ObjectStore) -> Observation:
    rule = "a lifecycle rule removes them: `datarelease doctor --aws-policy` prints one to paste"
    try:
        count = ObjectUpkeep(store).unfinished_uploads()
    except WorldError as error:
        what = f"incomplete uploads cannot be counted: {error.what}"
        return Observation("unknown", what, rule)
    if count:
        what = f"{count:,} incomplete uploads, whose parts cost storage"
        return Observation("warning", what, rule)
    return Observation("ok", "no incomplete uploads")


def _dagshub(config: DvcConfig, name: str) -> Iterator[Observation]:
    settings = config.settings(name)
    endpoint = urlsplit(str(settings["endpointurl"]))
    if settings["url"] != "s3://dvc" or not _DAGSHUB_PATH.fullmatch(endpoint.path):
        yield Observation(
            "missing",
            f"{settings['url']} at {settings['endpointurl']} is not the address of a "
            "repository's DVC storage",
            f"dvc remote modify {name} url s3://dvc\ndvc remote modify {name} endpointurl "
            f"{endpoint.scheme}://{endpoint.netloc}/USER/REPO.s3",
        )
    elif config.is_authorised(name):
        yield Observation("ok", f"{DAGSHUB_TOKEN} is set")
    else:
        yield Observation(
            "missing",
            f"{DAGSHUB_TOKEN} is not set: requests are anonymous, and cannot write",
            f"export {DAGSHUB_TOKEN}=…   (DagsHub: your settings, tokens; in a workflow a secret "
            "of the environment)",
        )


@dataclass(frozen=True, kw_only=True)
class S3Location:
    """Where a remote is on S3."""

    bucket: str
    prefix: str = ""
    """Without slashes at its ends."""

    @property
    def arn(self) -> str:
        """Of the bucket."""
        return f"arn:aws:s3:::{self.bucket}"

    @property
    def objects(self) -> str:
        """Of all objects below the remote's root."""
        return "/".join(part for part in (self.arn, self.prefix, "*") if part)


def s3_location(url: str) -> S3Location:
    """The place that ``s3://BUCKET/PREFIX`` names.

    >>> s3_location("s3://bucket/team/data/")
    S3Location(bucket='bucket', prefix='team/data')
    """
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return S3Location(bucket=bucket, prefix=prefix.strip("/"))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A repository on GitHub, as OIDC tokens name it."""

    repository: str
    """``owner/name``"""
    ids: tuple[int, int] | None = None
    """Of owner and repository, where known."""
    prefix: str | None = None
    """What GitHub itself says that the claim begins with."""

    def claims(self, environment: str) -> list[str]:
        """Every form of the ``sub`` claim that a job in ``environment`` may come with.

        Repositories made since July 2026 have the numbers of owner and repository in it, so that
        the next owner of a name cannot assume the role; older ones do not, unless they opted in.
        Unknown numbers are left as placeholders.
        """
        owner, _, name = self.repository.partition("/")
        owner_id, id_ = self.ids or ("OWNER_ID", "REPOSITORY_ID")
        forms = [
            *([self.prefix] if self.prefix else []),
            f"repo:{owner}/{name}",
            f"repo:{owner}@{owner_id}/{name}@{id_}",
        ]
        return [f"{form}:environment:{environment}" for form in dict.fromkeys(forms)]


def policies(place: S3Location, subject: Subject) -> dict[str, Any]:
    """Everything that one remote takes, by what it is for; the names of the roles are suggestions.

    A role for each environment (``trust``, ``permissions``), the ``bucket``'s own policy, its
    ``lifecycle`` and its ``versioning``.
    """
    names = {"publishing": PUBLISHING, "reading": READING}
    documents: dict[str, Any] = json.loads(
        rendered("aws-policies.json.j2", place=place, subject=subject, **names)
    )
    return documents
