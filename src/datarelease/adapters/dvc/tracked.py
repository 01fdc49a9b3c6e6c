"""What DVC tracks at a revision, read from its own files: ``dvc.lock`` and ``*.dvc``.

Read through git or from the work tree alike, without DVC and without data. Sources: the pages
".dvc Files" and "dvc.lock file" of DVC's documentation.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from datarelease.adapters.strict_yaml import parse_yaml, yaml_fault
from datarelease.errors import ConfigError, Problem, SettingsError

ReadAtRevision = Callable[[str], bytes | None]
"""The bytes of a file of the repository at the revision in question, or None."""
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


@dataclass(frozen=True, kw_only=True)
class LockedStage:
    """One stage of a ``dvc.lock``."""

    name: str
    deps: tuple[Output, ...]
    outs: tuple[Output, ...]


def outputs(read: ReadAtRevision, files: Iterable[str]) -> tuple[Output, ...]:
    """Every output tracked by the ``dvc.lock`` and ``.dvc`` files among ``files``.

    Raises:
        SettingsError: A file that is not YAML mapping; all of them at once.
    """
    found: list[Output] = []
    problems: list[Problem] = []
    for path in files:
        name = posixpath.basename(path)
        try:
            if name == "dvc.lock":
                found += [out for stage in stages(read, path) for out in stage.outs]
            elif name.endswith(".dvc") and name != ".dvc":
                found += _of_dvc_file(read, path)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return tuple(found)


def declared_results(read: ReadAtRevision, path: str = "dvc.yaml") -> tuple[str, ...]:
    """The files of a pipeline's own ``metrics:`` and ``plots:``, which stages write for git.

    Those of a stage are its outputs and stand in the lock; these stand nowhere else.

    Raises:
        SettingsError: Not YAML mapping.
    """
    pipeline, folder = load_yaml(read, path), posixpath.dirname(path)
    names: list[str] = []
    for section in ("metrics", "plots"):
        listed = pipeline.get(section)
        for item in listed if isinstance(listed, list | dict) else ():
            names += [str(name) for name in item] if isinstance(item, dict) else [str(item)]
    return tuple(posixpath.normpath(posixpath.join(folder, name)) for name in names)


def stages(read: ReadAtRevision, path: str = "dvc.lock") -> tuple[LockedStage, ...]:
    """The stages of one ``dvc.lock``; none where there is no such file.

    Raises:
        SettingsError: Not YAML mapping.
    """
    lock = load_yaml(read, path)
    folder = posixpath.dirname(path)
    declared = _mapping(load_yaml(read, posixpath.join(folder, "dvc.yaml")).get("stages"))
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


def load_yaml(read: ReadAtRevision, path: str) -> dict[str, Any]:
    """The mapping in a YAML file; empty where there is no such file or nothing in it.

    Raises:
        SettingsError: Not UTF-8, not YAML, or not a mapping; with line and column.
    """
    data = read(path)
    if data is None:
        return {}
    try:
        loaded = parse_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError([Problem(where=path, what="the file is not UTF-8")]) from error
    except yaml.YAMLError as error:
        raise SettingsError([Problem(where=path, what=yaml_fault(error))]) from error
    except RecursionError as error:
        raise SettingsError([Problem(where=path, what="nested too deeply")]) from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        # PyYAML's constructors of dates and tagged values let these out.
        what = f"not valid YAML: a value does not match its form or tag ({error})"
        raise SettingsError([Problem(where=path, what=what)]) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        what = f"expected a mapping, found {type(loaded).__name__}"
        raise SettingsError([Problem(where=path, what=what)])
    return loaded


def _of_dvc_file(read: ReadAtRevision, path: str) -> Iterator[Output]:
    content = load_yaml(read, path)
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
            untouched="Nothing was changed.",
            remedy="Write the directory as plain text, or use paths relative to dvc.yaml.",
        )
    return str(wdir)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
