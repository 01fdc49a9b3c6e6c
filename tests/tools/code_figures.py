"""What the code below a package is made of: sizes, imports inside functions, repeated names."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp
import networkx as nx  # type: ignore[import-untyped]

MOST_LINES = 300
"""Of one module: a longer one lacks a concept."""
MOST_MODULES = 15
"""Beside each other in one folder, without ``__init__``."""


def figures(package: Path) -> str:
    """The figures as lines of text."""
    modules = {path: path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py"))}
    lines = module_lines(package)
    largest = max(lines, key=lambda name: lines[name])
    trees = {path: ast.parse(text) for path, text in modules.items()}
    folders = folder_modules(package)
    crowded = {folder: count for folder, count in folders.items() if count > MOST_MODULES}
    inner = [
        f"{path.relative_to(package)}:{line} {what}"
        for path, tree in trees.items()
        for line, what in inner_imports(tree)
    ]
    names: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees.items():
        for name in dict.fromkeys(public_names(tree)):
            names[name].append(str(path.relative_to(package).with_suffix("")))
    repeated = {name: places for name, places in sorted(names.items()) if len(places) > 1}
    loops = cycles(package.name)
    size = f"{largest} ({lines[largest]} lines)"
    full = ", ".join(f"{folder} {count}" for folder, count in crowded.items())
    return "\n".join(
        [
            f"lines {sum(lines.values())}, modules {len(modules)}, largest {size}",
            f"folders with more than {MOST_MODULES} modules: {full or 'none'}",
            f"import cycles: {len(loops)}",
            *(f"  {' '.join(loop)}" for loop in loops),
            f"imports inside functions: {len(inner)}",
            *(f"  {line}" for line in inner),
            f"public names defined in more than one module: {len(repeated)}",
            *(f"  {name}: {', '.join(places)}" for name, places in repeated.items()),
        ]
    )


def module_lines(package: Path) -> dict[str, int]:
    """How many lines each module below ``package`` has, by its path there."""
    return {
        path.relative_to(package).as_posix(): path.read_text(encoding="utf-8").count("\n")
        for path in sorted(package.rglob("*.py"))
    }


def folder_modules(package: Path) -> dict[str, int]:
    """How many modules lie in each folder of ``package``, by its path there (``.``: itself)."""
    folders: defaultdict[str, int] = defaultdict(int)
    for path in package.rglob("*.py"):
        folders[path.parent.relative_to(package).as_posix()] += path.name != "__init__.py"
    return dict(folders)


def inner_imports(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and text of each import inside a function, each named once."""
    found = {
        (node.lineno, ast.unparse(node))
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return sorted(found)


def public_names(tree: ast.Module) -> Iterator[str]:
    """Classes, functions, constants and types that a module defines, without private ones."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            targets = [node.name]
        elif isinstance(node, ast.Assign):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            targets = [node.target.id]
        else:
            targets = []
        yield from (name for name in targets if not name.startswith("_"))


def cycles(package: str) -> list[list[str]]:
    """Modules that import each other, each group sorted."""
    imports = grimp.build_graph(package, cache_dir=None)
    graph = nx.DiGraph()
    for module in imports.modules:
        for imported in imports.find_modules_directly_imported_by(module):
            graph.add_edge(module, imported)
    return sorted(
        sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1
    )
