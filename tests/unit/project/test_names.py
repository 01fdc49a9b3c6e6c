"""Names: one public name has one meaning."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[3] / "src" / "datarelease"
SHARED = {
    "command": "each module of a command line has its command under this name",
    "main": "an entry point of the operating system",
    "check": "the Python interface has the names of the commands",
    "get": "the Python interface has the names of the commands",
    "release": "the Python interface has the names of the commands",
}
"""Public names that several modules may define, each with its reason."""


def test_a_public_name_has_one_meaning() -> None:
    """Two modules define the same public name only where they implement one protocol."""
    defined: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in _defined(ast.parse(path.read_text("utf-8"))):
            if not name.startswith("_"):
                defined[name].append(str(path.relative_to(PACKAGE)))
    twice = {name: places for name, places in defined.items() if len(places) > 1}
    assert twice.keys() == SHARED.keys(), {
        name: places for name, places in twice.items() if name not in SHARED
    }


def _defined(module: ast.Module) -> set[str]:
    names = set()
    for node in module.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case _:
                pass
    return names
