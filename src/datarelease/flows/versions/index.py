"""The index of versions on the remotes: compared with the tags, and written anew from them.

Nothing of a release depends on it. A remote that cannot be written keeps its old one, and its
readers without git see the versions of then; so a fault is a warning, with its remedy.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from datarelease.adapters.store.directory import Store
from datarelease.documents import encode
from datarelease.errors import DatareleaseError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository
from datarelease.model.versions.index import index_key, index_of
from datarelease.model.wording import plural
from datarelease.progress import Step


def write_index(
    repository: Repository, catalogue: Catalogue, *, stale_only: bool = False
) -> tuple[str, ...]:
    """Write the index of ``catalogue`` to every remote, by one request each.

    With ``stale_only`` each is read first, and written where it differs.

    Returns:
        A warning for each remote that could not be written, of which the reader was told.
    """
    warnings = []
    for remote in repository.remotes:
        try:
            if not stale_only or is_stale(remote, catalogue):
                _write(repository, remote, catalogue)
        except (DatareleaseError, OSError) as error:
            warning = (
                f"The index of versions on {remote.name} was not written: {_reason(error)}. "
                f"{_REMEDY}"
            )
            repository.progress.warn(warning)
            warnings.append(warning)
    return tuple(warnings)


def repair_index(repository: Repository, catalogue: Catalogue) -> tuple[str, ...]:
    """Write the index where it is missing or says something else than the tags; those remotes.

    Raises:
        WorldError: A remote cannot be read or written.
    """
    stale = [remote for remote in repository.remotes if is_stale(remote, catalogue)]
    for remote in stale:
        _write(repository, remote, catalogue)
    return tuple(remote.name for remote in stale)


def is_stale(remote: Store, catalogue: Catalogue) -> bool:
    """The index on a remote is missing, or it says something else than the tags.

    Raises:
        WorldError: The remote cannot be read.
    """
    return remote.read(index_key(catalogue.grammar.prefix)) != _document(catalogue)


def warn_of_stale(repository: Repository, catalogue: Catalogue) -> tuple[str, ...]:
    """Warn of each remote whose index is missing or says something else than the tags.

    A remote that cannot be read is warned of as well: the objects are what a verification is about.

    Returns:
        The names of the remotes with such an index.
    """
    stale = []
    for remote in repository.remotes:
        try:
            if not is_stale(remote, catalogue):
                continue
        except (DatareleaseError, OSError) as error:
            warning = f"The index of versions on {remote.name} was not read: {_reason(error)}."
            repository.progress.warn(warning)
            continue
        repository.progress.warn(
            f"The index of versions on {remote.name} is missing or differs from the tags. {_REMEDY}"
        )
        stale.append(remote.name)
    return tuple(stale)


def _reason(error: DatareleaseError | OSError) -> str:
    return (error.what if isinstance(error, DatareleaseError) else str(error)).rstrip(".")


_REMEDY = (
    "Readers without git see the versions that it lists; `datarelease verify latest --repair` "
    "writes it, and so does the next release."
)


def _document(catalogue: Catalogue) -> bytes:
    index = index_of(catalogue.grammar.prefix, catalogue.versions, catalogue.channels)
    return encode(index).encode()


def _write(repository: Repository, remote: Store, catalogue: Catalogue) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="datarelease-") as folder,
        repository.progress.step(Step.VERSION_INDEX),
    ):
        source = Path(folder) / "index.json"
        source.write_bytes(_document(catalogue))
        remote.upload({index_key(catalogue.grammar.prefix): source}, lambda _: None)
    held = plural(len(catalogue.versions), "version")
    repository.progress.say(f"{remote.name}: index of {held} written")
