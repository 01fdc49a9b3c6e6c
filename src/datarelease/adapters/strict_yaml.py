"""Untrusted YAML: parsed strictly, within limits that keep this program running."""

from __future__ import annotations

from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.cyaml import CParser  # type: ignore[attr-defined] # untyped
from yaml.resolver import Resolver

from datarelease.errors import Problem, SettingsError

_MOST_VALUES = 1_000_000
"""In one file, aliases followed; the ``dvc.lock`` of a large pipeline has some ten thousand."""


def parse_yaml(text: str) -> Any:
    """The one document in ``text``; None where there is none.

    Raises:
        yaml.YAMLError: Not YAML, a key given twice, aliases that expand without limit or in cycles.
        RecursionError: Nested too deeply.
        ValueError, LookupError, AttributeError, TypeError: A value does not match its form (a date)
        or its tag (``!!int``).
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _expanded(node, {}, _MOST_VALUES)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def refuse_expansion(text: str, most: int) -> None:
    """Nothing happens where ``text``, which another parser is to read, stands for few values.

    Raises:
        yaml.YAMLError: Not YAML, aliases in cycles, or more than ``most`` values, aliases followed.
        RecursionError: Nested too deeply.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            _expanded(node, {}, most)
    finally:
        loader.dispose()


def _expanded(node: yaml.Node, known: dict[int, int], most: int) -> int:
    """How many values ``node`` stands for once its aliases are followed.

    A few lines of aliases of aliases stand for billions, and whatever walks or prints them later
    would never end; so would an alias inside of what it names.
    """
    if id(node) not in known:
        known[id(node)] = 0  # in progress: it contains itself
        total = 1
        for child in node.value if isinstance(node, yaml.CollectionNode) else ():
            for part in child if isinstance(child, tuple) else (child,):
                total += _expanded(part, known, most)
        if total > most:
            raise ConstructorError(
                None, None, "its aliases expand to too many values", node.start_mark
            )
        known[id(node)] = total
    if known[id(node)] == 0:
        raise ConstructorError(
            None, None, "an alias is inside the value that it names", node.start_mark
        )
    return known[id(node)]


def load_mapping(data: bytes, file: str) -> dict[str, Any]:
    """The mapping in a YAML file (messages call it ``file``); empty where there is nothing in it.

    Raises:
        SettingsError: Not UTF-8, not YAML, or not a mapping; with line and column.
    """
    try:
        loaded = parse_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError([Problem(where=file, what="the file is not UTF-8")]) from error
    except yaml.YAMLError as error:
        raise SettingsError([Problem(where=file, what=yaml_fault(error))]) from error
    except RecursionError as error:
        raise SettingsError([Problem(where=file, what="nested too deeply")]) from error
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        # PyYAML's constructors of dates and tagged values let these out.
        what = f"not valid YAML: a value does not match its form or tag ({error})"
        raise SettingsError([Problem(where=file, what=what)]) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        what = f"expected a mapping, found {type(loaded).__name__}"
        raise SettingsError([Problem(where=file, what=what)])
    return loaded


def yaml_fault(error: yaml.YAMLError) -> str:
    """What is wrong, with line and column."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
    return f"not valid YAML: {place}{problem}"


class _Loader(Composer, CParser, SafeConstructor, Resolver):
    """YAML 1.1 as ``yaml.CSafeLoader`` reads it, but a key that is given twice is an error.

    Nodes are put together in Python: libyaml's own way overflows the C stack on deep nesting, and
    the files of a pull request come from strangers.
    """

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)


def _unique_keys(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is not None and key != "<<" and key in seen:
            raise ConstructorError(None, None, f"the key {key!r} occurs twice", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


# Constructors are kept by class; the stubs know only loaders made by PyYAML itself.
_Loader.add_constructor(Resolver.DEFAULT_MAPPING_TAG, _unique_keys)  # type: ignore[type-var]
