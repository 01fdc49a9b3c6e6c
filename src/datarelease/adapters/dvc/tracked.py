"""What DVC tracks at a revision, read from its own files: ``dvc.lock`` and ``*.dvc``.

Read through git or from the work tree alike, without DVC and without data. Sources: the pages
".dvc Files" and "dvc.lock file" of DVC's documentation.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datarelease.adapters.strict_yaml import load_mapping
from datarelease.errors import ConfigError, Problem, SettingsError
from datarelease.model.paths import overlap, own_paths

PIPELINE = "dvc.yaml"
LOCK = "dvc.lock"
_TEMPLATE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, kw_only=True)
class Output:
    """One output that DVC tracks."""

    path: str
    """Relative to the repository, with forward slashes."""
    md5: str | None
    """With ``.dir`` behind it for a directory; None: never committed by DVC."""
    size: int | None
    source: str
    """The file that tracks it: a ``dvc.lock`` or a ``.dvc`` file."""
    stage: str | None = None
    """Name of the stage that makes it; None: a ``.dvc`` file."""
    legacy: bool = False
    """Hashed as DVC 2 did (line ends of text files changed first)."""
    remote: str | None = None
    """The one remote that DVC keeps it on (``remote: NAME``); None: the default one."""
    pushed: bool = True
    """False: DVC sends it nowhere (``push: false``)."""

    @property
    def address(self) -> str | None:
        """The argument that names its stage for DVC at the root; None: a ``.dvc`` file."""
        folder = posixpath.dirname(self.source)
        return f"{folder}/{PIPELINE}:{self.stage}" if folder and self.stage else self.stage


@dataclass(frozen=True, kw_only=True)
class LockedStage:
    """One stage of a ``dvc.lock``."""

    name: str
    deps: tuple[Output, ...]
    outs: tuple[Output, ...]


class TrackedState:
    """What DVC tracks at one revision, or in the work tree at one moment.

    Read when it is asked for: files are listed once, and no content is parsed twice. A file whose
    content is another one than before counts as it is now: DVC, begun by a run that was killed,
    may have ended meanwhile.
    """

    def __init__(
        self,
        read: Callable[[str], bytes | None],
        list_files: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Read with ``read`` the files that ``list_files`` lists, and others that are asked for."""
        self.read = read
        """The bytes of a file of the repository, or None; not kept."""
        self._list_files = list_files
        self._files: tuple[str, ...] | None = None
        self._outputs: tuple[Mapping[str, bytes | None], tuple[Output, ...]] = ({}, ())
        self._parsed: dict[str, tuple[bytes, dict[str, Any]]] = {}

    def forget(self) -> None:
        """List anew from now on: the work tree was changed."""
        self._files = None

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the revision, or of the work tree together with untracked ones.

        Those of DVC projects below this one are not among them.
        """
        if self._files is None:
            self._files = own_paths(self._list_files())
        return self._files

    def mapping(self, path: str) -> dict[str, Any]:
        """What a YAML file says, not to be changed; empty where there is no file or nothing in it.

        Raises:
            SettingsError: Not UTF-8, not YAML, or not a mapping; with line and column.
        """
        data = self.read(path)
        if data is None:
            return {}
        known = self._parsed.get(path)
        if known is None or known[0] != data:
            known = self._parsed[path] = (data, load_mapping(data, path))
        return known[1]

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Every output that a ``dvc.lock`` or ``.dvc`` file tracks.

        Raises:
            SettingsError: A file that is not YAML mapping; all of them at once.
        """
        # A lock is read together with its pipeline.
        names = (PIPELINE, LOCK)
        said = {
            path: self.read(path)
            for path in self.files
            if posixpath.basename(path) in names or path.endswith(".dvc")
        }
        if said != self._outputs[0]:
            self._outputs = (said, self._read_outputs())
        return self._outputs[1]

    def _read_outputs(self) -> tuple[Output, ...]:
        found: list[Output] = []
        problems: list[Problem] = []
        for path in self.files:
            name = posixpath.basename(path)
            try:
                if name == LOCK:
                    found += [out for stage in self.stages(path) for out in stage.outs]
                elif name.endswith(".dvc") and name != ".dvc":
                    found += _of_dvc_file(self.mapping(path), path)
            except SettingsError as error:
                problems += error.problems
        if problems:
            raise SettingsError(problems)
        return tuple(found)

    @property
    def pipelines(self) -> tuple[str, ...]:
        """Every ``dvc.yaml``."""
        return tuple(path for path in self.files if posixpath.basename(path) == PIPELINE)

    @property
    def artifacts(self) -> dict[str, dict[str, Any]]:
        """The artifacts that ``dvc.yaml`` files below the one at the top declare, by file.

        They count once DVC tracks what they name: a file in a test's data may look like one of the
        project's.

        Raises:
            SettingsError: One is not a YAML mapping.
        """
        found: dict[str, dict[str, Any]] = {}
        for path in self.pipelines:
            if path != PIPELINE and b"artifacts" in (self.read(path) or b""):
                folder = posixpath.dirname(path)
                listed = _mapping(self.mapping(path).get("artifacts")).items()
                kept = {name: entry for name, entry in listed if self._is_tracked(folder, entry)}
                found |= {path: {"artifacts": kept}} if kept else {}
        return found

    def _is_tracked(self, folder: str, artifact: object) -> bool:
        place = _mapping(artifact).get("path")
        path = posixpath.normpath(posixpath.join(folder, place)) if isinstance(place, str) else ""
        return any(overlap(path, out.path) for out in self.outputs)

    @property
    def locks(self) -> tuple[str, ...]:
        """The locks of the pipelines, whether or not they are there."""
        return tuple(posixpath.join(posixpath.dirname(path), LOCK) for path in self.pipelines)

    @property
    def declared_results(self) -> tuple[str, ...]:
        """The files of the pipelines' own ``metrics:`` and ``plots:``, which stages write for git.

        Those of a stage are its outputs and stand in the lock; these stand nowhere else.
        """
        return tuple(name for path in self.pipelines for name in self._declared_results(path))

    def _declared_results(self, path: str) -> Iterator[str]:
        pipeline, folder = self.mapping(path), posixpath.dirname(path)
        for section in ("metrics", "plots"):
            listed = pipeline.get(section)
            for item in listed if isinstance(listed, list | dict) else ():
                for name in item if isinstance(item, dict) else [item]:
                    yield posixpath.normpath(posixpath.join(folder, str(name)))

    def stages(self, path: str = "dvc.lock") -> tuple[LockedStage, ...]:
        """The stages of one ``dvc.lock``; none where there is no such file."""
        lock = self.mapping(path)
        folder = posixpath.dirname(path)
        declared = _mapping(self.mapping(posixpath.join(folder, PIPELINE)).get("stages"))
        found = []
        for name, stage in _mapping(lock.get("stages")).items():
            base = posixpath.join(folder, _working_directory(declared, str(name)))
            flags = _flags(_mapping(declared.get(str(name).partition("@")[0])))
            found.append(
                LockedStage(
                    name=str(name),
                    deps=tuple(_outputs(stage, "deps", base, path, str(name))),
                    outs=tuple(_outputs(stage, "outs", base, path, str(name), flags)),
                )
            )
        return tuple(found)


def _of_dvc_file(content: dict[str, Any], path: str) -> Iterator[Output]:
    base = posixpath.join(posixpath.dirname(path), str(content.get("wdir", "")))
    return _outputs(content, "outs", base, path, None)


Flags = tuple[tuple[re.Pattern[str], dict[str, Any]], ...]
"""What a stage says of its outputs, by their paths as the lock has them."""


def _outputs(
    stage: object, section: str, base: str, source: str, name: str | None, flags: Flags = ()
) -> Iterator[Output]:
    listed = _mapping(stage).get(section)
    for out in listed if isinstance(listed, list) else ():
        if not isinstance(out, dict) or not isinstance(out.get("path"), str):
            continue
        md5, size = out.get("md5"), out.get("size")
        said = next((said for path, said in flags if path.fullmatch(out["path"])), out)
        remote = said.get("remote")
        yield Output(
            path=posixpath.normpath(posixpath.join(base, out["path"])),
            md5=md5 if isinstance(md5, str) else None,
            size=size if isinstance(size, int) else None,
            source=source,
            stage=name,
            legacy=isinstance(md5, str) and out.get("hash") != "md5",
            remote=remote if isinstance(remote, str) and "${" not in remote else None,
            pushed=said.get("push") is not False,
        )


def _flags(declared: Mapping[str, Any]) -> Flags:
    """The flags of a stage's outputs; those of a group (``foreach``, ``matrix``) have templates.

    A lock does not repeat them. A value that is a template itself cannot be read here.
    """
    body = _mapping(declared.get("do")) or declared
    found = []
    for section in ("outs", "metrics", "plots"):
        listed = body.get(section)
        for item in listed if isinstance(listed, list) else ():
            for path, said in _mapping(item).items():
                parts = map(re.escape, _TEMPLATE.split(str(path)))
                found.append((re.compile(".+".join(parts)), _mapping(said)))
    return tuple(found)


def _working_directory(declared: Mapping[str, Any], name: str) -> str:
    stage = _mapping(declared.get(name.partition("@")[0]))
    wdir = stage.get("wdir") or _mapping(stage.get("do")).get("wdir") or ""
    if "${" in str(wdir):
        raise ConfigError(
            f"dvc.yaml: stages.{name}.wdir is a template ({wdir}), which cannot be read at an "
            "older revision.",
            remedy="Write the directory as plain text, or use paths relative to dvc.yaml.",
        )
    return str(wdir)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def find_root(start: Path) -> Path:
    """The nearest directory at or above ``start`` that DVC was initialised in.

    Raises:
        ConfigError: There is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / ".dvc").is_dir():
            return folder
    raise ConfigError(
        f"{start} is not inside a DVC repository (no .dvc directory here or above).",
        untouched="Nothing was changed.",
        remedy=(
            "Change to the repository whose data is released. To adopt data releases in a "
            "repository, run `datarelease init` in it, which also runs `dvc init`."
        ),
    )
