"""The compiled templates of pages: kept, and made anew once anything is another."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from datarelease.render.html.compiled import CompiledTemplates


@pytest.fixture(name="compiled")
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Whether getting a template, of which the code and the source are in files, compiles it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "code.py").write_text("1")
    (tmp_path / "page.j2").write_text("{{ name }}!")
    done: list[bool] = []
    whole = Environment.compile

    def compile_told(*given: Any, **named: Any) -> Any:
        done.append(True)
        return whole(*given, **named)

    monkeypatch.setattr(Environment, "compile", compile_told)

    def compiles() -> bool:
        done.clear()
        source = (tmp_path / "page.j2").read_text()
        kept = CompiledTemplates([tmp_path / "code.py"], tmp_path / "kept")
        pages = Environment(
            loader=DictLoader({"page": source}), bytecode_cache=kept, autoescape=True
        )
        assert pages.get_template("page").render(name="<a>") == source.replace(
            "{{ name }}", "&lt;a&gt;"
        )
        return bool(done)

    return compiles


def test_templates_are_compiled_once(compiled: Callable[[], bool], tmp_path: Path) -> None:
    """A second environment takes what the first one compiled; no other file is left."""
    assert [compiled(), compiled()] == [True, False]
    assert len(list((tmp_path / "kept").iterdir())) == 1


@pytest.mark.parametrize("file", ["page.j2", "code.py"])
def test_what_changed_is_compiled_again(
    compiled: Callable[[], bool], tmp_path: Path, file: str
) -> None:
    """A template, or code that it may have called, of another content makes other bytecode."""
    compiled()
    (tmp_path / file).write_text("{{ name }}?!")
    assert [compiled(), compiled()] == [True, False]


@pytest.mark.parametrize("kept", [b"", b"x" * 400, None])
def test_damaged_bytecode_is_made_anew(
    compiled: Callable[[], bool], tmp_path: Path, kept: bytes | None
) -> None:
    """Bytes that are not those that were written are never run."""
    compiled()
    [file] = (tmp_path / "kept").iterdir()
    file.write_bytes(file.read_bytes()[:-1] + b"x" if kept is None else kept)
    assert [compiled(), compiled()] == [True, False]


def test_nothing_is_kept_where_python_keeps_nothing(
    compiled: Callable[[], bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without leave to write, or where the folder cannot be made, templates are compiled."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert [compiled(), compiled()] == [True, True]
    assert not (tmp_path / "kept").exists()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "kept").write_text("a file")
    assert [compiled(), compiled()] == [True, True]
