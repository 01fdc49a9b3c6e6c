"""The tool that counts what a command does: that it counts at all."""

from __future__ import annotations

import ast

from tests.project import Project
from tests.tools.code_figures import inner_imports, public_names
from tests.tools.measure_processes import RENDERERS, detailed, measured, table


def test_a_check_is_counted(project: Project) -> None:
    """Each git process has its caller, files are named, and every renderer is still found."""
    found = measured(project, "check")
    assert found.started >= len(found.git) > 0
    assert all(callers for _, callers in found.git)
    assert {name.split()[0] for name, _ in found.parsed} >= {"dvc.yaml", "dvc.lock", "params.yaml"}
    assert found.opened
    assert {found.row[name] for name in RENDERERS} == {"1"}
    assert table([found]).splitlines()[2].startswith("| check | ")
    assert f"`git {' '.join(found.git[0][0])}`" in detailed([found])


def test_imports_inside_functions_and_public_names_are_found() -> None:
    """Nested functions count once; private names, and names inside of classes, do not count."""
    source = """
import os
LIMIT = 1
_hidden = 2
size: int = 3
class Thing:
    inner = 4
    def method(self):
        import json
        def deeper():
            from re import match
def work(): ...
"""
    tree = ast.parse(source)
    assert inner_imports(tree) == [(9, "import json"), (11, "from re import match")]
    assert list(public_names(tree)) == ["LIMIT", "size", "Thing", "work"]
