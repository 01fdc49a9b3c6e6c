"""Additions to existing YAML files: every existing byte is kept.

Lines are put where the mapping ends. Where that cannot be done (``{flow: style}``), ruamel.yaml
rewrites the file with its comments. Either way the outcome is read back and compared.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError as RuamelError

from datarelease.adapters.strict_yaml import load_mapping, parse_yaml
from datarelease.errors import ConfigError, Problem, SettingsError

_CONFLICT = re.compile(r"^(<<<<<<< |>>>>>>> )", re.MULTILINE)
_ENDS = "\n\r\x85\u2028\u2029"
_LINE = re.compile(rf"[^{_ENDS}]*(?:\r\n|[{_ENDS}]|$)")
"""A line with its end, as YAML 1.1 and so the marks of PyYAML count lines (section 5.4)."""
_STEP = 2


class _Impossible(Exception):  # noqa: N818 - never leaves this module
    """The addition needs more than added lines."""


def read_mapping(text: str, file: str) -> dict[str, Any]:
    """The mapping in ``text``; empty where there is nothing in it.

    Raises:
        SettingsError: Merge conflict markers, not YAML, or not a mapping; with line and column.
    """
    refuse_conflict(text, file)
    return load_mapping(text.encode(), file)


def refuse_conflict(text: str, file: str) -> None:
    """Refuse a file in the middle of a merge.

    Raises:
        SettingsError: There is a conflict marker; with its line.
    """
    found = _CONFLICT.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        what = f"line {line}: a merge conflict marker; resolve the conflict first"
        raise SettingsError([Problem(where=file, what=what)])


def insert(text: str, path: Sequence[str], entries: Sequence[str], *, file: str) -> str:
    """``text`` with ``entries`` at the end of the mapping at ``path``, which is made if missing.

    Args:
        text: A YAML mapping, or nothing.
        path: Keys from the top; empty: the top itself.
        entries: Lines of YAML (``key: ...``), not indented, each of one or more new keys.
        file: What messages call it.

    Raises:
        SettingsError: ``text`` is not YAML mapping.
        ConfigError: It is written in a way that cannot be added to, or has one of the keys.
    """
    wanted = _merged(read_mapping(text, file), path, parse_yaml("\n".join(entries)))
    for edit in (_spliced, _rewritten):
        try:
            after = edit(text, path, entries)
            same = wanted is not None and repr(parse_yaml(after.removeprefix("\ufeff"))) == repr(
                wanted
            )
        except (_Impossible, yaml.YAMLError, RuamelError):
            continue
        if same:
            return after
    raise ConfigError(
        f"datarelease cannot add lines to {file} (at {'.'.join(path) or 'the top'}) without "
        "changing the lines that are there.",
        remedy="Add these lines by hand, then run the command again:\n"
        + _indented(_nested(path, entries, spaced=False), 0),
    )


def _merged(data: dict[str, Any], path: Sequence[str], added: Any) -> dict[str, Any] | None:
    """What the file shall say; None: a key is taken, or is no mapping."""
    if not path:
        return None if set(data) & set(added) else {**data, **added}
    inner = data.get(path[0])
    if inner is not None and not isinstance(inner, dict):
        return None
    below = _merged(inner or {}, path[1:], added)
    return None if below is None else {**data, path[0]: below}


def _nested(path: Sequence[str], entries: Sequence[str], *, spaced: bool) -> str:
    text = ("\n\n" if spaced else "\n").join(entry.rstrip("\n") for entry in entries)
    for key in reversed(path):
        text = f"{key}:\n{_indented(text, _STEP)}"
    return text


def _indented(text: str, columns: int) -> str:
    return "\n".join(" " * columns + line if line else "" for line in text.split("\n"))


def _spliced(text: str, path: Sequence[str], entries: Sequence[str]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [line for line in _LINE.findall(text) if line]
    node = yaml.compose(text.removeprefix("\ufeff"), Loader=yaml.SafeLoader)
    if node is None:
        kept = text.rstrip()
        new = _nested(path, entries, spaced=True).replace("\n", newline)
        return f"{kept}{newline * 2 if kept else ''}{new}{newline}"
    rest = list(path)
    while True:
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise _Impossible
        column = node.start_mark.column
        found = {key.value: (key, value) for key, value in node.value}
        if not rest or rest[0] not in found:
            at = _end(lines, node, column)
            break
        key, node = found[rest.pop(0)]
        if _is_empty(node):
            _cut(lines, node)
            at, column = key.end_mark.line + 1, column + _STEP
            break
    spaced = column == 0 or _spaced(lines, node)
    block = _indented(_nested(rest, entries, spaced=spaced), column).split("\n")
    apart = spaced and isinstance(node, yaml.MappingNode) and at and lines[at - 1].strip()
    if lines[-1][-1] not in _ENDS:
        lines[-1] += newline
    lines[at:at] = [line + newline for line in ([""] if apart else []) + block]
    return "".join(lines)


def _is_empty(node: yaml.Node) -> bool:
    """Nothing, ``null`` or ``{}``."""
    empty = isinstance(node, yaml.MappingNode) and node.flow_style and not node.value
    return bool(empty) or node.tag == "tag:yaml.org,2002:null"


def _cut(lines: list[str], node: yaml.Node) -> None:
    start, end = node.start_mark, node.end_mark
    if start.line != end.line:
        raise _Impossible
    line = lines[start.line]
    kept = (line[: start.column].rstrip() + line[end.column :]).rstrip()
    lines[start.line] = kept + line[len(line.rstrip(_ENDS)) :]


def _end(lines: list[str], node: yaml.MappingNode, column: int) -> int:
    """The line before which a new entry of ``node`` goes."""
    end = node.end_mark
    below = lines[end.line][: end.column] if end.line < len(lines) else ""
    at = len(lines) if below.strip() else end.line
    while at and _belongs_below(lines[at - 1], column):
        at -= 1
    return at


def _belongs_below(line: str, column: int) -> bool:
    """A blank line, or a comment further out than the entries: it is about what comes next."""
    bare = line.lstrip()
    return not bare or (bare.startswith("#") and len(line) - len(bare) < column)


def _spaced(lines: list[str], node: yaml.Node) -> bool:
    """The entries of a mapping have blank lines between them, or are too few to tell."""
    if not isinstance(node, yaml.MappingNode) or len(node.value) < 2:  # noqa: PLR2004 - a pair
        return True
    at = node.value[-1][0].start_mark.line - 1
    while at and lines[at].lstrip().startswith("#"):
        at -= 1
    return not lines[at].strip()


def _rewritten(text: str, path: Sequence[str], entries: Sequence[str]) -> str:
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 10**6
    data = editor.load(text)
    data = CommentedMap() if data is None else data
    node = data
    for key in path:
        if node.get(key) is None:
            node[key] = CommentedMap()
        node = node[key]
        if not isinstance(node, Mapping):
            raise _Impossible
    if isinstance(node, CommentedMap):
        node.fa.set_block_style()
    node.update(YAML().load("\n".join(entries)))
    stream = io.StringIO()
    editor.dump(data, stream)
    return stream.getvalue()
