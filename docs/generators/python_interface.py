"""The page of the Python interface, from the docstrings of what ``import datarelease`` offers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import griffe

import datarelease
from datarelease.app.reports import VersionDiff
from datarelease.app.version_list import Versions
from datarelease.flows.versions.files import ReleasedFile, ReleasedFiles
from datarelease.flows.versions.verify import Verification
from datarelease.model.review.report import Report
from datarelease.model.versions.release import Fault, Nothing, Released, ReleasePlan
from datarelease.model.versions.version import Version
from generators.docstrings import attribute_docs, class_at, package
from generators.markdown import anchor, block, code, page, prose, table

READING = ("versions", "load", "open", "files", "get", "diff", "verify")
WORKING = ("check", "release")
CLASSES: dict[type, str] = {
    Versions: "", Version: "", ReleasedFiles: "", ReleasedFile: "",
    Report: "report", VersionDiff: "", Verification: "", Released: "", Nothing: "",
    ReleasePlan: "release-plan", Fault: "",
}  # fmt: skip
"""What functions return, and the document whose fields are its attributes."""
_TYPES = {"_Place": "str | Path", "Frame": 'Literal["pandas", "pyarrow", "polars", "duckdb"]'}
"""Short names of annotations, written out."""
_INTRODUCTION = (
    "What `import datarelease as dr` offers, as the command line does it. Reading (`versions`, "
    "`load`, `open`, `files`, `get`, `diff`, `verify`) works in a repository, in a fresh clone of "
    "it, and with `repo=URL` from anywhere. The first five also read a remote alone, without git "
    "and DVC. `check` and `release` need the work tree."
)
_EXAMPLES = (
    "The examples run in a repository with the tables `people` and `events`, whose versions are "
    "`data-v1` and `data-v2`."
)


def python_page() -> str:
    """The page."""
    errors = [name for name in datarelease.__all__ if inspect.isclass(getattr(datarelease, name))]
    functions = [name for name in datarelease.__all__ if name not in errors]
    if set(functions) != {*READING, *WORKING}:
        raise SystemExit("docs/generators/python_interface.py lists other functions than there are")
    return page(
        "Python interface", "python", _INTRODUCTION, _EXAMPLES,
        table(("function", "what it gives"), list(map(_line, (*READING, *WORKING)))),
        "## Functions that read",
        *(part for name in READING for part in _described(name)),
        "## Functions of the work tree",
        *(part for name in WORKING for part in _described(name)),
        "## What they return",
        *(part for cls, document in CLASSES.items() for part in _class(cls, document)),
        "## Errors and warnings",
        "Every error is a `DatareleaseError`. Its attributes `what`, `untouched` and `remedy` are "
        "texts: what happened, what was left untouched, and what to do next. `exit_code` is the "
        "exit code that a command would end with.",
        table(("class", "base", "meaning"), list(_errors(errors))),
    )  # fmt: skip


def _line(name: str) -> tuple[str, str]:
    return f"[`dr.{name}`](#dr{name})", _summary(_function(name))


def _function(name: str) -> griffe.Function:
    found = getattr(datarelease, name)
    module = found.__module__.removeprefix("datarelease.")
    described = package()[f"{module}.{found.__name__}"]
    assert isinstance(described, griffe.Function)  # noqa: S101 - what a function is
    return described


def _summary(function: griffe.Function) -> str:
    return prose(_docstring(function).value.partition("\n\n")[0])


def _docstring(found: griffe.Object) -> griffe.Docstring:
    if found.docstring is None:
        raise SystemExit(f"{found.path} has no docstring")
    return found.docstring


def _described(name: str) -> Iterator[str]:
    function = _function(name)
    yield f"### dr.{name}"
    yield block("python", _signature(f"dr.{name}", function))
    yield from _sections(function)


def _signature(name: str, function: griffe.Function) -> str:
    """The call with its parameters, one on each line."""
    lines: list[str] = []
    keyword = False
    for parameter in function.parameters:
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not keyword:
            keyword = True
            if not any("*" in line for line in lines):
                lines.append("*,")
        stars = "*" if kind is griffe.ParameterKind.var_positional else ""
        keyword = keyword or bool(stars)
        default = "" if parameter.default is None or stars else f" = {parameter.default}"
        lines.append(f"{stars}{parameter.name}: {_type(parameter.annotation)}{default},")
    body = "".join(f"    {line}\n" for line in lines)
    return f"{name}(\n{body}) -> {_type(function.returns)}"


def _type(annotation: Any) -> str:
    text = str(annotation)
    for short, whole in _TYPES.items():
        text = text.replace(short, whole)
    return text


def _sections(function: griffe.Function) -> Iterator[str]:
    # Griffe takes each line of what is returned for one of several values.
    options = {"returns_multiple_items": False, "returns_named_value": False}
    for part in _docstring(function).parse("google", **options):
        match part:
            case griffe.DocstringSectionText(value=text):
                yield prose(text)
            case griffe.DocstringSectionParameters(value=parameters):
                rows = [(code(one.name), prose(one.description)) for one in parameters]
                yield table(("parameter", "meaning"), rows)
            case griffe.DocstringSectionReturns(value=[returned, *_]):
                yield f"**Returns** {prose(_whole(function, returned))}"
            case griffe.DocstringSectionRaises(value=raised):
                yield table(("raises", "when"), [_row(one) for one in raised])
            case griffe.DocstringSectionWarns(value=warned):
                yield table(("warns", "when"), [_row(one) for one in warned])
            case griffe.DocstringSectionExamples(value=examples):
                for _, text in examples:
                    yield block("pycon", text)
            case _:
                raise SystemExit(f"{function.path}: a section {part.kind} of its docstring")


def _whole(function: griffe.Function, returned: Any) -> str:
    """What is returned; Griffe takes the text before a colon for the type."""
    before, text = str(returned.annotation), str(returned.description)
    return text if before == str(function.returns) else f"{before}: {text}"


def _row(one: Any) -> tuple[str, str]:
    return code(str(one.annotation)), prose(one.description)


def _class(cls: type, document: str) -> Iterator[str]:
    found = class_at(cls)
    yield f"### {cls.__name__}"
    bases = [base.__name__ for base in cls.__mro__[1:2] if base in CLASSES]
    inherits = f" It is a [{bases[0]}](#{anchor(bases[0])}) with more methods." if bases else ""
    yield prose(_docstring(found).value) + inherits
    if document:
        yield f"Its attributes are the fields of the document [{document}](formats/{document}.md)."
    rows = [] if document or bases else list(_attributes(cls, found))
    rows += list(_methods(found))
    if rows:
        yield table(("attribute or method", "type", "meaning"), rows)


def _attributes(cls: type, found: griffe.Class) -> Iterator[tuple[str, str, str]]:
    for name, text in attribute_docs(cls).items():
        if name in found.members:
            member = found.members[name]
            yield code(name), code(str(getattr(member, "annotation", ""))), prose(text)


def _methods(found: griffe.Class) -> Iterator[tuple[str, str, str]]:
    """Public methods, and properties, which Griffe has as attributes."""
    for name, member in found.members.items():
        if name.startswith("_") or member.is_alias:
            continue
        if isinstance(member, griffe.Function):
            parameters = [one.name for one in member.parameters if one.name != "self"]
            shown = f"{name}({', '.join(parameters)})"
            yield code(shown), code(_type(member.returns)), _summary(member)
        elif isinstance(member, griffe.Attribute) and "property" in member.labels:
            yield code(name), code(_type(member.annotation)), prose(_docstring(member).value)


def _errors(names: list[str]) -> Iterator[tuple[str, str, str]]:
    for name in names:
        cls = getattr(datarelease, name)
        base = cls.__mro__[1].__name__
        yield code(f"dr.{name}"), code(base), prose(_docstring(class_at(cls)).value)
