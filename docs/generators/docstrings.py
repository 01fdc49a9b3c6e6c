"""Docstrings of the package, read without importing it: of attributes, functions and classes."""

from __future__ import annotations

from functools import cache

import griffe

from generators.markdown import ROOT
from generators.meanings import meaning


@cache
def package() -> griffe.Module:
    """The whole package, as Griffe reads it."""
    loader = griffe.GriffeLoader(search_paths=[ROOT / "src"], docstring_parser=griffe.Parser.google)
    found = loader.load("datarelease", submodules=True)
    assert isinstance(found, griffe.Module)  # noqa: S101 - what a package is
    loader.resolve_aliases()
    return found


def class_at(cls: type) -> griffe.Class:
    """A class of the package."""
    found = package()[f"{cls.__module__.removeprefix('datarelease.')}.{cls.__qualname__}"]
    assert isinstance(found, griffe.Class)  # noqa: S101 - what a type is
    return found


def attribute_docs(cls: type) -> dict[str, str]:
    """What the attributes of a class and of those that it extends mean, by name.

    Raises:
        SystemExit: Nobody says it of an attribute.
    """
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith("datarelease."):
            continue
        for name, member in class_at(base).members.items():
            if (
                isinstance(member, griffe.Attribute)
                and member.annotation
                and not name.startswith("_")
                and "property" not in member.labels
            ):
                docs[name] = (
                    member.docstring.value if member.docstring else meaning(cls.__name__, name)
                )
    lacking = [name for name, text in docs.items() if not text]
    if lacking:
        raise SystemExit(
            f"{cls.__module__}.{cls.__qualname__}: {', '.join(lacking)} lacks a docstring"
        )
    return docs
