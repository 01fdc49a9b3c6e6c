"""Readable paths on the remotes (`release.export`): made by copies inside the store, and verified.

They are made after the tag. What fails is a warning, and put right by the next release or by
``verify --repair``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from datarelease.adapters.store.upkeep import Upkeep, upkeep_of
from datarelease.documents import decode_or_none, encode
from datarelease.errors import DatareleaseError, WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository
from datarelease.flows.transfer import holders
from datarelease.flows.versions.documents import find_manifest
from datarelease.model.versions.export import (
    STATE_FILE,
    LatestFiles,
    exported_key,
    latest_folder,
    readable_files,
)
from datarelease.model.versions.manifest import Manifest, ManifestFile
from datarelease.model.versions.version import Version
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Step

_HEALED = 2
"""Newest versions of which each release makes what the one before it left undone."""


def export(repository: Repository, catalogue: Catalogue, *versions: Version) -> tuple[str, ...]:
    """Make the readable paths of ``versions`` and of the newest ones, where they are wanted.

    Returns:
        A warning for each remote on which they are incomplete, of which the reader was told.
    """
    if not repository.exports:
        return ()
    warnings = []
    newest = catalogue.latest
    for version in dict.fromkeys((*versions, *catalogue.versions[-_HEALED:], newest)):
        if version is None or version.erased is not None:
            continue
        try:
            manifest = find_manifest(repository, version)
            for upkeep, files in _places(repository, manifest) if manifest else ():
                if not files:
                    continue
                _export_version(repository, upkeep, version.tag, files)
                if version == newest:
                    _export_latest(repository, upkeep, version.tag, files)
        except (DatareleaseError, OSError) as error:
            what = error.what if isinstance(error, DatareleaseError) else str(error)
            warning = (
                f"The readable paths of {version.tag} are incomplete: {what.rstrip('.')}. "
                f"`datarelease verify {version.tag} --repair` makes them, and so does the next "
                "release."
            )
            repository.progress.warn(warning)
            warnings.append(warning)
    return tuple(warnings)


# --- inside


def _places(
    repository: Repository, manifest: Manifest
) -> list[tuple[Upkeep, dict[str, ManifestFile]]]:
    """The remotes of a version, each with the readable files of which it has the objects."""
    files = readable_files(manifest)
    return [
        (upkeep_of(remote), {path: file for path, file in files.items() if file.md5 in objects})
        for remote, objects in holders(repository, manifest)
    ]


def _export_version(
    repository: Repository, upkeep: Upkeep, tag: str, files: Mapping[str, ManifestFile]
) -> None:
    """The files of one version, which never change: what is there is left as it is."""
    wanted = {exported_key(tag, path): file for path, file in files.items()}
    missing = _wrong(upkeep, wanted)
    _copy(repository, upkeep, missing)
    were = agreeing(len(missing), "was", "were")
    said = f"{plural(len(missing), 'readable file')} of {tag} {were} made on {upkeep.store.name}"
    repository.progress.say(said)


def _export_latest(
    repository: Repository, upkeep: Upkeep, tag: str, files: Mapping[str, ManifestFile]
) -> None:
    """The files of the newest version, in place of those of another one.

    Old ones are removed when the new ones are there.
    """
    folder = latest_folder(repository.tags.prefix)
    before = _state(upkeep, folder)
    wanted = {f"{folder}/{path}": file for path, file in files.items()}
    after = LatestFiles(tag=tag, files={path: file.md5 for path, file in sorted(files.items())})
    known = before.files if before else {}
    unproven = {
        key: file for key, file in wanted.items() if known.get(key[len(folder) + 1 :]) != file.md5
    }
    missing = _wrong(upkeep, wanted) | unproven
    there = {item.key for item in upkeep.walk(folder)} - {f"{folder}/{STATE_FILE}"}
    stale = sorted(there - wanted.keys())
    if before == after and not missing and not stale:
        return
    # What is about to be written over is not vouched for, should this run be stopped.
    proven = {path: md5 for path, md5 in known.items() if f"{folder}/{path}" not in missing}
    _write_state(repository, upkeep, folder, LatestFiles(tag=None, files=proven))
    _copy(repository, upkeep, missing)
    _write_state(repository, upkeep, folder, after)
    try:
        with repository.progress.step(Step.EXPORT):
            upkeep.delete(stale, lambda _: None)
    except WorldError as error:
        raise WorldError(
            f"{folder} on {upkeep.store.name} still has {plural(len(stale), 'file')} of an earlier "
            f"version, because they were not deleted ({error.what.rstrip('.')}); "
            "`datarelease gc --apply` removes them"
        ) from error


def _copy(repository: Repository, upkeep: Upkeep, wanted: Mapping[str, ManifestFile]) -> None:
    """Copy objects to readable keys, and look at what is there then.

    Raises:
        WorldError: The store failed, or has something else there now.
    """
    if not wanted:
        return
    label = f"Copying to readable paths on {upkeep.store.name}"
    with (
        repository.progress.step(Step.EXPORT),
        repository.progress.track(label, len(wanted), "files") as advance,
    ):
        upkeep.copy({key: file.key for key, file in wanted.items()}, advance)
    wrong = _wrong(upkeep, wanted)
    if wrong:
        raise WorldError(
            f"{next(iter(wrong))} on {upkeep.store.name} differs from the object copied there"
            + (f" (and {len(wrong) - 1:,} more)" if len(wrong) > 1 else "")
        )


def _wrong(upkeep: Upkeep, wanted: Mapping[str, ManifestFile]) -> dict[str, ManifestFile]:
    """What is missing, or has another size or, where the store tells it, another MD5."""
    found = upkeep.store.stat(list(wanted))
    return {
        key: file
        for key, file in wanted.items()
        if (info := found.get(key)) is None
        or info.size != file.size
        or info.md5 not in {None, file.md5}
    }


def _state(upkeep: Upkeep, folder: str) -> LatestFiles | None:
    data = upkeep.store.read(f"{folder}/{STATE_FILE}")
    return decode_or_none(LatestFiles, data)


def _write_state(repository: Repository, upkeep: Upkeep, folder: str, state: LatestFiles) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="datarelease-") as place,
        repository.progress.step(Step.EXPORT),
    ):
        source = Path(place) / STATE_FILE
        source.write_text(encode(state), encoding="utf-8")
        upkeep.store.upload({f"{folder}/{STATE_FILE}": source}, lambda _: None)
