"""The names of DVC that its public interface does not have, used in this module alone.

DVC may move them in any release, so ``pyproject.toml`` bounds its version, and
``tests/contract/test_private_names.py`` holds the installed release to what is used of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cache, lru_cache, wraps
from types import SimpleNamespace
from typing import Any

from dvc.config import Config
from dvc.fs import get_fs_cls
from dvc.output import Output
from dvc.stage import run

_TEXTS = 128
"""How many YAML texts are remembered: those of a large repository, and never all `.dvc` files."""
StartCommand = Callable[..., None]
"""Runs a stage's command: the shell, the command, and what `subprocess.Popen` takes by name."""


def top_level_metrics(repo: Any) -> Iterator[str]:
    """The paths that ``metrics:`` at the top of a ``dvc.yaml`` names."""
    from dvc.repo.metrics.show import _collect_top_level_metrics  # noqa: PLC0415 - heavy

    yield from _collect_top_level_metrics(repo)


def plot_sources(repo: Any) -> Iterator[str]:
    """The paths of the files that ``plots:`` at the top of a ``dvc.yaml`` draws from."""
    yield from repo.index._plot_sources  # noqa: SLF001 - kept nowhere else


def with_absolute_paths(config: Mapping[str, Any], file: str) -> Mapping[str, Any]:
    """A configuration whose paths are what they mean in the configuration file at ``file``."""
    shown: Mapping[str, Any] = Config._load_paths(config, file)  # noqa: SLF001 - DVC's own way
    return shown


def add_settings(scheme: str, more: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Have DVC open file systems of ``scheme`` with what ``more`` makes of their options.

    It is laid over what DVC makes of them, whose schema knows no such settings.
    """
    made = get_fs_cls({"url": f"{scheme}://host"})
    prepare = made._prepare_credentials  # noqa: SLF001 - the one place where DVC decides on them

    @wraps(prepare)
    def prepared(self: Any, **options: Any) -> dict[str, Any]:
        return {**prepare(self, **options), **more(options)}

    made._prepare_credentials = prepared  # noqa: SLF001 - as above


def replace_start(replaced: Callable[[StartCommand], StartCommand]) -> None:
    """Have DVC start the commands of stages by what ``replaced`` makes of its own way."""
    run._run = replaced(run._run)  # noqa: SLF001 - the one place where DVC starts a command


@cache
def resolve_paths_once() -> None:
    """Have DVC find out once in this process what the paths in a configuration file mean.

    It compiles a schema for that, for each of four files, most of which are not there, and a
    command opens its configuration several times.
    """
    resolve = Config._load_paths  # noqa: SLF001 - the one place where DVC compiles the schema
    known: dict[tuple[str, str], Any] = {}

    @wraps(resolve)
    def resolved(config: dict[str, Any], file: str) -> Any:
        if not config:
            return {}
        place = (os.path.abspath(file), repr(config))  # noqa: PTH100 - links stay links
        if place not in known:
            known[place] = resolve(config, file)
        return _copied(known[place])  # DVC changes what it has read

    Config._load_paths = staticmethod(resolved)  # noqa: SLF001 - as above


def _copied(section: Mapping[str, Any]) -> dict[str, Any]:
    """The same in sections of its own; texts are shared, since DVC's own kinds have no copies."""
    return {
        name: _copied(part) if isinstance(part, Mapping) else part for name, part in section.items()
    }


@cache
def compile_stages_once() -> None:
    """Have DVC compile its schema of a stage once, and not for each stage of each file it reads."""
    from dvc import schema  # noqa: PLC0415 - of use with a repository alone

    voluptuous = schema.vol
    kinds = (schema.STAGE_DEFINITION, schema.FOREACH_IN)
    compiled = {id(kind): voluptuous.Schema(kind) for kind in kinds}

    def compiled_once(kind: Any) -> Any:
        return compiled[id(kind)] if id(kind) in compiled else voluptuous.Schema(kind)

    schema.vol = SimpleNamespace(**{**vars(voluptuous), "Schema": compiled_once})


@cache
def parse_yaml_once() -> None:
    """Have DVC parse each YAML text once in this process, however often it reads it.

    It reads its files anew for the index, for its targets and for their parameters, with a parser
    written in Python.
    """
    from dvc.utils import serialize, strictyaml  # noqa: PLC0415 - of use with a repository alone
    from dvc.utils.serialize import _yaml  # noqa: PLC0415 - as above

    parse = _yaml.parse_yaml
    remembered = lru_cache(_TEXTS)(parse)

    @wraps(parse)
    def parsed(text: Any, path: Any, typ: str = "safe") -> Any:
        if typ != "safe":
            return parse(text, path, typ=typ)  # its comments are edited in place
        # It names a file of parameters in two ways, and changes what it has read.
        return deepcopy(remembered(text, os.path.abspath(path)))  # noqa: PTH100 - text, as it was

    for module in (_yaml, serialize, strictyaml):
        module.parse_yaml = parsed


@contextmanager
def look_once(known: MutableMapping[tuple[str, str], Any]) -> Iterator[None]:
    """Have DVC hash each path of the work tree, and look each object up in the cache, once.

    It does so for the `.dvc` file of a directory and again for each stage that reads it, file by
    file. What it finds is added to ``known`` and taken from there, which is true for as long as
    nothing writes there.
    """
    hashed, lacks = Output._get_hash_meta, Output.changed_cache  # noqa: SLF001 - where it does so

    def hashed_once(self: Any) -> Any:
        if self.fs.protocol != "local":
            return hashed(self)
        place = (self.hash_name, self.fs_path)
        if place not in known:
            known[place] = hashed(self)
        return known[place]

    def lacks_once(self: Any, filter_info: Any = None) -> Any:
        if filter_info or not self.use_cache or not self.hash_info:
            return lacks(self, filter_info)
        wanted = (f"cache of {self.cache.path}", str(self.hash_info.value))
        if wanted not in known:
            known[wanted] = lacks(self)
        return known[wanted]

    Output._get_hash_meta, Output.changed_cache = hashed_once, lacks_once  # noqa: SLF001 - as above
    try:
        yield
    finally:
        Output._get_hash_meta, Output.changed_cache = hashed, lacks  # noqa: SLF001 - as above
