"""The tree of the package, from the docstrings of its folders."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from generators.markdown import ROOT


def tree() -> str:
    """The folders of the package, each with the first sentence of its own description."""
    lines = list(_folders(ROOT / "src" / "datarelease", ""))
    width = max(len(name) for name, _ in lines)
    return "\n".join(["```", *(f"{name:{width}}  {text}".rstrip() for name, text in lines), "```"])


def _folders(folder: Path, indent: str) -> Iterator[tuple[str, str]]:
    module = folder / "__init__.py"
    described = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    sentence, _, _ = described.partition("\n\n")
    yield f"{indent}{folder.name}/", sentence.replace("\n", " ").replace("``", "")
    for inner in sorted(folder.iterdir()):
        if (inner / "__init__.py").is_file():
            yield from _folders(inner, indent + "  ")
