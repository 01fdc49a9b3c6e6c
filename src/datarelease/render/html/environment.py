"""The templates of every page in HTML, which cannot forget to make a text harmless.

Jinja2 escapes every expression; before that, ``escape.clean`` makes control, bidirectional and
invisible characters visible in each of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as markup_escape

from datarelease.render import escape, plots, words
from datarelease.render import numbers as number
from datarelease.render.html.compiled import CompiledTemplates
from datarelease.render.words import Phrase

PLOT_SIZE = {
    "width": plots.WIDTH,
    "height": plots.HEIGHT,
    "left": plots.LEFT,
    "right": plots.RIGHT,
    "base": plots.HEIGHT - plots.BOTTOM,
}
"""Of a plot, for the templates that draw it."""
_PACKAGE = "datarelease.render"


def html_environment(*packages: str) -> Environment:
    """Templates of ``packages``, then those of the report, with the filters that all use."""
    code = [path for name in (*packages, _PACKAGE) for path in _modules(name)]
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, _PACKAGE)]),
        bytecode_cache=CompiledTemplates(code),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "phrase": _phrase,
        "plain": plain_phrase,
        "name": lambda text: escape.clean(text, 120),
        "wrap": lambda text: wrapped(text, 120),
        "prose": lambda text: escape.clean(text, 1000, space=" "),
        "digest": lambda text: escape.clean(text[: words.SHORT_DIGEST]),
        "value": lambda value, limit=120: escape.clean(number.scalar_text(value), limit),
        "count": number.count,
        "counted": number.counted,
        "drift": lambda value: "" if value is None else number.drift_value(value),
        "figure": lambda text: "none" if text is None else text,
        "change_words": words.schema_change,
        "violation_words": words.violation,
        "sizes": number.size,
        "sentence": _sentence,
    }
    return environment


def _modules(package: str) -> list[Path]:
    """The modules of a package, whose functions templates may call."""
    return sorted(p for top in import_module(package).__path__ for p in Path(top).rglob("*.py"))


def style_sheet(environment: Environment) -> str:
    """The style sheet of the report, without the space before its lines."""
    source = environment.loader.get_source(environment, "style.css")[0]  # type: ignore[union-attr]
    return "\n".join(line.strip() for line in source.splitlines())


def _finalize(value: Any) -> Any:
    return (
        escape.clean(value, None)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _phrase(phrase: Phrase) -> Markup:
    def tagged(tag: str, text: str) -> Markup:
        return Markup('<{0} dir="auto">{1}</{0}>').format(tag, text)

    parts = words.write_phrase(
        phrase,
        own=markup_escape,
        data=lambda text: tagged("code", wrapped(text, 120)),
        strong=lambda text: tagged("strong", escape.clean(text, 120)),
        prose=lambda text: tagged("span", escape.clean(text, 1000, space=" ")),
    )
    return Markup("").join(parts)


@lru_cache(4096)
def wrapped(text: str, limit: int) -> Markup:
    """A name that may go on in the next line where its words end."""
    parts = re.split(r"(?<=[_./])(?=.)", escape.clean(text, limit))
    return Markup("<wbr>").join(parts)


def _sentence(phrase: Phrase) -> Phrase:
    """The phrase with a capital first letter, if it is a word of ours: a tag stays as it is."""
    first, *rest = phrase
    return (first[:1].upper() + first[1:] if isinstance(first, str) else first, *rest)


def plain_phrase(phrase: Phrase) -> str:
    """The phrase as text."""
    return "".join(
        part if isinstance(part, str) else escape.clean(part.text, 60, space=" ") for part in phrase
    )
