"""Asks what the remotes of a release need: that they answer, and keep what they were given."""

from __future__ import annotations

import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.store.credentials import DAGSHUB_TOKEN
from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.adapters.store.object_store import ObjectStore
from datarelease.doctor.local import Question
from datarelease.errors import WorldError
from datarelease.model.diagnosis import STAGING, Line

_AREA = "Remotes"
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
) -> Iterator[Question]:
    """What is asked of the remotes: of the ``required`` ones, or of DVC's default one.

    And of the ``bound`` ones, which outputs name (``remote: NAME``).

    Nothing is written unless ``write``; then one small object, always the same.
    """
    names = list(required) or ([config.default_remote] if config.default_remote else [])
    every = [*names, *([staging] if staging else [])]
    if not names:
        yield Question(area=_AREA, check="remotes", ask=lambda: [_no_remote()])
    if staging is not None and staging.lower() != STAGING:
        yield Question(area=_AREA, check="staging", ask=lambda: [_misnamed(staging)])
    if len(every) > 1:
        yield Question(area=_AREA, check="places", ask=lambda: _places(config, every))
    for name in (*every, *(name for name in bound if name not in every)):
        yield from _questions(config, name, write=write)


def _no_remote() -> Line:
    return Line(
        area=_AREA, check="remotes", state="missing",
        found="DVC has no default remote, and `release.remotes` names none",
        remedy="dvc remote add --default NAME URL   (docs/remotes.md says what URL can be)",
    )  # fmt: skip


def _misnamed(staging: str) -> Line:
    return Line(
        area=_AREA, check="staging", state="warning",
        found=f"release.staging names {staging!r}; the workflows' credentials are for a remote "
        f"called {STAGING!r}",
        remedy=f"dvc remote rename {staging} {STAGING}",
    )  # fmt: skip


def _places(config: DvcConfig, names: Sequence[str]) -> Iterator[Line]:
    places: dict[str, list[str]] = {}
    for name in names:
        places.setdefault(config.place(name), []).append(name)
    same = [" and ".join(group) for group in places.values() if len(group) > 1]
    if same:
        yield Line(
            area=_AREA, check="places", state="missing",
            found=f"{'; '.join(same)} are the same place",
            remedy="give each an address of its own (`dvc remote modify NAME url URL`), or name "
            "one of them only in `release.remotes` and `release.staging`",
        )  # fmt: skip
    else:
        yield Line(area=_AREA, check="places", state="ok", found=f"{len(places)}, all different")


def _questions(config: DvcConfig, name: str, *, write: bool) -> Iterator[Question]:
    kind = config.kind(name)
    reached: list[Store] = []

    def reach() -> Iterator[Line]:
        store = config.store(name)
        yield from reading(store)
        reached.append(store)

    if kind == "dagshub":
        yield Question(area=_AREA, check=f"{name}: DagsHub", ask=lambda: _dagshub(config, name))
    yield Question(area=_AREA, check=name, ask=reach)
    yield Question(area=_AREA, check=f"{name}: verify", ask=lambda: [_verify(config, name)])
    # A remote that does not answer would only say the same again.
    yield Question(
        area=_AREA,
        check=f"{name}: write",
        ask=lambda: [_writes(store, write=write) for store in reached],
    )
    if kind in {"aws", "s3"}:
        yield Question(
            area=_AREA,
            check=f"{name}: unfinished",
            ask=lambda: [_unfinished(store) for store in reached if isinstance(store, ObjectStore)],
        )


def reading(store: Store) -> Iterator[Line]:
    """One object is asked for and one folder is listed: all that reading a version takes."""
    store.read(PROBE)
    store.stat([f"{PROBE_FOLDER}/{number}" for number in range(5)])
    if isinstance(store, DirectoryStore) and not store.root.is_dir():
        # A first release makes it; but a share that is not mounted looks the same.
        yield Line(
            area=_AREA, check=store.name, state="warning",
            found=f"the directory {store.url} does not exist; the first release would make it",
            remedy=(
                f"mkdir -p {shlex.quote(store.url)}   (or mount the storage there, or correct "
                f"the address: dvc remote modify {store.name} url URL)"
            ),
        )  # fmt: skip
        return
    yield Line(
        area=_AREA, check=store.name, state="ok", found=f"{store.url} can be read and listed"
    )


def _verify(config: DvcConfig, name: str) -> Line:
    check = f"{name}: verify"
    if config.verifies(name):
        return Line(
            area=_AREA, check=check, state="ok", found="`dvc pull` checks objects from this remote"
        )
    return Line(
        area=_AREA, check=check, state="warning",
        found="`dvc pull` accepts damaged objects from this remote without an error",
        remedy=f"dvc remote modify {name} verify true",
    )  # fmt: skip


def _writes(store: Store, *, write: bool) -> Line:
    check = f"{store.name}: write"
    if not write:
        return Line(
            area=_AREA, check=check, state="unknown", found="not tried",
            remedy=f"datarelease doctor --write   (leaves one small object, {PROBE})",
        )  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        probe = Path(scratch) / "probe"
        probe.write_bytes(CONTENT)
        # Twice, because copies of manifests are written over: a policy may refuse just that.
        for _ in range(2):
            store.upload({PROBE: probe}, lambda _: None)
    if store.read(PROBE) == CONTENT:
        return Line(area=_AREA, check=check, state="ok", found=f"wrote {PROBE} and read it back")
    return Line(
        area=_AREA, check=check, state="missing",
        found=f"{PROBE} was written, but other bytes were read back",
        remedy="check the storage: nothing can be released to it",
    )  # fmt: skip


def _unfinished(store: ObjectStore) -> Line:
    check = f"{store.name}: unfinished"
    rule = "a lifecycle rule removes them: `datarelease doctor --aws-policy` prints one to paste"
    try:
        count = store.unfinished_uploads()
    except WorldError as error:
        return Line(
            area=_AREA, check=check, state="unknown",
            found=f"incomplete uploads cannot be counted: {error.what}", remedy=rule,
        )  # fmt: skip
    if count:
        return Line(
            area=_AREA, check=check, state="warning",
            found=f"{count:,} incomplete uploads, whose parts cost storage", remedy=rule,
        )  # fmt: skip
    return Line(area=_AREA, check=check, state="ok", found="no incomplete uploads")


def _dagshub(config: DvcConfig, name: str) -> Iterator[Line]:
    check = f"{name}: DagsHub"
    settings = config.settings(name)
    endpoint = urlsplit(str(settings["endpointurl"]))
    if settings["url"] != "s3://dvc" or not _DAGSHUB_PATH.fullmatch(endpoint.path):
        base = f"{endpoint.scheme}://{endpoint.netloc}"
        yield Line(
            area=_AREA, check=check, state="missing",
            found=(
                f"{settings['url']} at {settings['endpointurl']} is not the address of a "
                "repository's DVC storage"
            ),
            remedy=f"dvc remote modify {name} url s3://dvc\n"
            f"dvc remote modify {name} endpointurl {base}/USER/REPO.s3",
        )  # fmt: skip
    elif config.is_authorised(name):
        yield Line(area=_AREA, check=check, state="ok", found=f"{DAGSHUB_TOKEN} is set")
    else:
        yield Line(
            area=_AREA, check=check, state="missing",
            found=f"{DAGSHUB_TOKEN} is not set: requests are anonymous, and cannot write",
            remedy=f"export {DAGSHUB_TOKEN}=…   (DagsHub: your settings, tokens; in a workflow a "
            "secret of the environment)",
        )  # fmt: skip
