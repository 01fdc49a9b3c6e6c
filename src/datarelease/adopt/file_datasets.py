"""Data among DVC's outputs that is no table: pictures, an XML file, a directory of anything.

What was added with `dvc add` is data; of what stages make, much is none (models, features, caches).
So outputs of stages are datasets of files only where somebody says so: as `type: dataset` in
`dvc.yaml`, or on the command line.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from datarelease.adapters.dvc.files import tracked_files
from datarelease.adapters.dvc.index import IndexedOutput, Inventory
from datarelease.adopt.datasets import is_marker, refuse_unusable
from datarelease.analysis.files.kinds import kind_by_ending
from datarelease.analysis.files.profile import profile_files
from datarelease.errors import ConfigError, DatareleaseError
from datarelease.flows.cache import Objects
from datarelease.model.adoption import Note, Proposed, yaml_flow, yaml_text
from datarelease.model.data.dataset import logged_table
from datarelease.model.data.files import ANY_KIND, FilesProfile, ListedFile
from datarelease.model.data.table_format import table_format
from datarelease.model.paths import within
from datarelease.model.versions.snapshot import TREE, WHOLE, Entry

_MOST_KINDS = 4
"""So many different kinds are a rule; more are a mixture."""
_PLAIN = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class FoundFiles:
    """Files that could be a dataset."""

    path: str
    """Relative to the repository, with forward slashes."""
    origin: str
    names: tuple[str, ...]
    profile: FilesProfile
    untracked: bool = False
    """DVC does not know them yet."""
    in_git: bool = False


def tracked_other_files(
    root: Path,
    known: Inventory,
    objects: Objects,
    *,
    wanted: Callable[[str], bool],
    taken: Sequence[str],
) -> tuple[tuple[FoundFiles, ...], tuple[Note, ...]]:
    """DVC's outputs that are no tables, and those left out with the reason.

    Args:
        root: Of the DVC repository.
        known: What DVC tracks.
        objects: The cache and the remotes, for files that are not in the work tree.
        wanted: Somebody said that the output at this path is a dataset.
        taken: Paths of tables, and of datasets that lack nothing.
    """
    found: list[FoundFiles] = []
    left_out: list[Note] = []
    for out in known.outputs:
        chosen = wanted(out.path)
        of_a_stage = bool(out.stage) and not chosen
        if (
            out.measured
            or of_a_stage
            or any(within(out.path, path) for path in (*known.shown, *taken))
        ):
            continue
        origin = f"made by the stage {out.address}" if out.stage else "added with dvc add"
        try:
            refuse_unusable(out)
            listing = _listing(root, out, objects)
        except DatareleaseError as error:
            # What may hold tables was named when these were looked for.
            if not _may_be_tables(root, out):
                left_out.append(Note(what=out.path, why=error.what))
            continue
        if _are_files([file.path for file in listing], chosen=chosen):
            found.append(
                FoundFiles(
                    path=out.path,
                    origin=origin,
                    names=tuple(file.path for file in listing),
                    profile=profile_files(out.path, listing),
                )
            )
    return tuple(found), tuple(left_out)


def loose_files(
    root: Path,
    files: Sequence[str],
    tracked: frozenset[str],
    *,
    chosen: Iterable[str],
    taken: Sequence[str],
) -> tuple[FoundFiles, ...]:
    """The data at the ``chosen`` paths that DVC does not track yet and that is no table.

    Args:
        root: Of the repository, in which all paths are.
        files: All that git does not ignore.
        tracked: Those of them that git holds.
        chosen: Somebody said that each of them is a dataset.
        taken: Paths of tables, datasets and DVC's outputs: what holds one, or is in one, is none.
    """
    found = []
    for path in chosen:
        inside = [name for name in files if within(name, path) and (root / name).is_file()]
        names = [posixpath.relpath(name, path) if name != path else name for name in inside]
        if any(within(path, one) or within(one, path) for one in taken):
            continue
        if not inside or not _are_files(names, chosen=True):
            continue
        in_git = not tracked.isdisjoint(inside)
        # Their hashes are DVC's to compute; no rule depends on them.
        listing = [
            ListedFile(name, (root / place).stat().st_size, name)
            for name, place in zip(names, inside, strict=True)
        ]
        found.append(
            FoundFiles(
                path=path,
                origin="tracked by git until now" if in_git else "not tracked until now",
                names=tuple(names),
                profile=profile_files(path, listing),
                untracked=True,
                in_git=in_git,
            )
        )
    return tuple(found)


def _may_be_tables(root: Path, out: IndexedOutput) -> bool:
    tree = bool(out.md5 and out.md5.endswith(TREE)) or (root / out.path).is_dir()
    return tree or table_format(out.path) is not None


def _are_files(names: Sequence[str], *, chosen: bool) -> bool:
    """No file is a table, or most are none: those beside a few tables are data, too."""
    if logged_table(names) is not None:
        return False
    tables = sum(table_format(name) is not None for name in names)
    others = sum(table_format(name) is None and not is_marker(name) for name in names)
    return others > tables if tables and not chosen else len(names) > tables


def _listing(root: Path, out: IndexedOutput, objects: Objects) -> list[ListedFile]:
    place = root / out.path
    if place.is_symlink() and not place.exists():
        raise ConfigError("it is a link whose target does not exist")
    if place.exists():
        tracked = tracked_files(root, out.path)
        return [
            ListedFile(name, file.stat().st_size, tracked.digests[name])
            for name, file in tracked.files.items()
        ]
    name = WHOLE if str(out.md5).endswith(TREE) else place.name
    files = objects.files(Entry(path=name, md5=str(out.md5), size=out.size))
    sizes = objects.sizes(file.md5 for file in files)
    return [ListedFile(file.path, sizes.get(file.md5, 0), file.md5) for file in files]


def proposed_files(name: str, one: FoundFiles) -> Proposed:
    """The dataset called ``name``, with rules that its files keep today."""
    return Proposed(
        name=name,
        path=one.path,
        origin=one.origin,
        rows=0,
        columns=0,
        key=(),
        pii=(),
        files=one.profile.files,
        bytes=one.profile.bytes,
        rules=tuple(_rules(one).items()),
    )


def _rules(one: FoundFiles) -> Mapping[str, str]:
    """What may stand in `meta.files`, as lines of YAML by their key."""
    kinds = [kind.type for kind in one.profile.kinds]
    rules = {}
    if ANY_KIND not in kinds and len(kinds) <= _MOST_KINDS:
        rules["kinds"] = yaml_flow(kinds)
    names = [posixpath.basename(path) for path in one.names]
    if len(names) > 1 and all(map(_PLAIN.fullmatch, names)):
        rules["names"] = yaml_text(_pattern(names))
    if one.profile.sizes is not None:
        rules["max_size"] = f"{_rounded(2 * one.profile.sizes.max)}"
    return rules


def _pattern(names: Iterable[str]) -> str:
    endings = sorted({PurePosixPath(name).suffix[1:] for name in names})
    letters = "[A-Za-z0-9._-]+"
    known = all(ending and kind_by_ending(f"x.{ending}") != ANY_KIND for ending in endings)
    if not known or len(endings) > _MOST_KINDS:
        return letters
    return rf"{letters}\.({'|'.join(endings)})" if len(endings) > 1 else rf"{letters}\.{endings[0]}"


def _rounded(size: int) -> str:
    """A size that is at least ``size``, in round figures.

    >>> _rounded(3), _rounded(4_300_000), _rounded(999_000)
    ('1kB', '5MB', '1MB')
    """
    units = (("kB", 10**3), ("MB", 10**6), ("GB", 10**9), ("TB", 10**12))
    choices = (
        (step * scale * factor, f"{step * scale}{unit}")
        for unit, factor in units
        for scale in (1, 10, 100)
        for step in (1, 2, 5)
    )
    return next((text for amount, text in choices if size <= amount), str(size))
