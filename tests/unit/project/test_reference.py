"""The reference names every command, option, exit code and output that the code has."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import click
import grimp
import jsonschema
import pytest
from tests.goldens import GOLDEN

import generate
from datarelease.cli.described import DescribedCommand
from generators.commands import Described, described
from generators.transcripts import RECORDED, place

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
COMMANDS = {one.name: one for one in described()}
GENERAL = {"--help", "-h", "-C"}
RAISED = {1: "BlockedError", 4: "ConflictError"}
"""The exit codes that a command names only if it ends with them, and what is raised for each."""


def section(one: Described) -> str:
    """What the reference says of one command."""
    text = (REFERENCE / "commands" / f"{one.words[0]}.md").read_text("utf-8")
    if len(one.words) == 1:
        return text
    _, found, rest = text.partition(f"\n## {one.name}\n")
    assert found, f"{one.name} has no section"
    return re.split(r"\n## ", rest)[0]


def first_cells(text: str) -> list[str]:
    """The first cell of each row of each table."""
    return re.findall(r"^\| `((?:[^|]|\\\|)*)` \|", text, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_option_and_exit_code_stands_in_the_reference(name: str) -> None:
    """Each has a row on the page of its command, and no row names what is not there."""
    one = COMMANDS[name]
    text = section(one)
    cells = first_cells(text)
    options = [
        spelling
        for part in one.command.params if isinstance(part, click.Option)
        for spelling in (*part.opts, *part.secondary_opts)
    ]  # fmt: skip
    rows = {word for cell in cells for word in re.findall(r"--?[a-zA-Z][\w-]*", cell)}
    assert rows - GENERAL == set(options) - GENERAL
    codes = {int(row) for row in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert codes == set(one.command.exit_codes) >= {0, 2, 3, 70, 130}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_describes_its_arguments(name: str) -> None:
    """The names in the usage are those that the help explains."""
    command = COMMANDS[name].command
    context = click.Context(command)
    usage = [
        word for part in command.params if isinstance(part, click.Argument)
        for word in part.get_usage_pieces(context)
    ]  # fmt: skip
    assert usage == list(command.arguments)
    assert first_cells(section(COMMANDS[name]))[: len(usage)] == usage


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_sentence(name: str) -> None:
    """It begins with a capital letter, ends with a full stop, and is a sentence of a manual."""
    for part in COMMANDS[name].command.params:
        if isinstance(part, click.Option):
            said = re.sub(r"\s*\[.*\]$", "", part.help or "")
            assert re.fullmatch(r"[A-Z].*\.", said, re.DOTALL), (part.opts, said)


def test_every_run_that_the_reference_shows_is_of_a_command() -> None:
    """A file in docs/transcripts is the run of a command, and a command has one run."""
    shown = {one.slug for one in COMMANDS.values()}
    assert shown >= set(RECORDED)
    kept = {path.stem for path in (ROOT / "docs" / "transcripts").glob("*.txt")}
    assert kept == shown - set(RECORDED)
    for one in COMMANDS.values():
        typed = (ROOT / place(one.slug)).read_text("utf-8").partition("\n")[0]
        assert f"{typed} ".startswith(f"$ {one.name} ")


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Which module imports which."""
    return grimp.build_graph("datarelease")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_names_an_exit_code_only_if_it_can_end_with_it(
    name: str, imports: grimp.ImportGraph
) -> None:
    """What 1 and 4 stand for is raised in some module that the command uses.

    That it ends with no code that it does not name is checked in each test that runs a command
    (`tests.commands.run`).
    """
    command = COMMANDS[name].command
    assert command.callback is not None
    module = command.callback.__module__
    used = {module, *imports.find_upstream_modules(module)}
    for code in RAISED.keys() & command.exit_codes.keys():
        assert any(raises(one, RAISED[code]) for one in used), code


def raises(module: str, error: str) -> bool:
    """A module makes an error of this class."""
    path = ROOT / "src" / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == error
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
    )


def printed() -> list[Any]:
    """Each run with ``--json`` that golden files have: the command, and the document."""
    found = []
    for path in sorted(GOLDEN.rglob("*.txt")):
        typed, _, rest = path.read_text("utf-8").partition("\n")
        words = typed.split()
        if words[:2] == ["$", "datarelease"] and "--json" in words:
            _, _, out = rest.partition("\n\n")
            if not out.startswith(("{", "[")):
                continue  # it ended before its result
            document, _ = json.JSONDecoder().raw_decode(out)
            found.append(pytest.param(words[1:], document, id=path.name))
    return found


def errors(one: Described, document: Any) -> list[Any]:
    """Where a document does not fit the schema of what the command prints."""
    kept = REFERENCE / "commands" / "results" / f"{one.slug}.schema.json"
    if not kept.exists():  # it prints a document that test_schemas.py looks at
        return []
    schema = json.loads(kept.read_text("utf-8"))
    return list(jsonschema.Draft202012Validator(schema).iter_errors(document))


@pytest.mark.parametrize(("words", "document"), printed())
def test_what_is_printed_fits_the_schema_of_its_command(words: list[str], document: Any) -> None:
    """The golden files of ``--json`` have the fields that the reference lists, and no others."""
    [one] = [one for name, one in COMMANDS.items() if f"{' '.join(words)} ".startswith(f"{name} ")]
    assert errors(one, document) == [] or "--plan" in words


def test_the_pages_are_up_to_date() -> None:
    """`make generated` writes them anew after a change of the code."""
    assert generate.main(["--check"]) == 0


def test_the_help_has_arguments_and_exit_codes() -> None:
    """Whoever reads the help only finds the same as in the reference."""
    command = COMMANDS["datarelease verify"].command
    assert isinstance(command, DescribedCommand)
    told = command.get_help(click.Context(command, info_name="verify"))
    assert "Arguments:\n  [VERSION]" in told
    assert "Exit codes:\n  0  Every object" in told
    assert "4  With" in told


def test_what_functions_return_is_said_whole() -> None:
    """Each of the nine functions has its whole sentence: none begins or ends in its middle."""
    text = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    returned = re.findall(r"^\*\*Returns\*\* (.*)$", text, flags=re.MULTILINE)
    assert len(returned) == text.count("\n### dr.")
    for sentence in returned:
        assert re.fullmatch(r"(?:[A-Z]|`[A-Z]).*\.", sentence), sentence


def test_every_variable_that_the_code_names_stands_in_the_reference() -> None:
    """A name that is spelled whole has a row; the page names none that the code does not spell."""
    page = (REFERENCE / "environment.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(DATARELEASE_[A-Z0-9_]+)` \|", page, flags=re.MULTILINE))
    spelled, text = set(), ""
    for path in sorted((ROOT / "src" / "datarelease").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        text += source
        constants = (
            node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)
        )
        spelled |= {
            value for value in constants
            if isinstance(value, str) and re.fullmatch(r"DATARELEASE_[A-Z0-9_]*[A-Z0-9]", value)
        }  # fmt: skip
    families = re.findall(r"^\| `(DATARELEASE_[A-Z_]+)\*` \|", page, flags=re.MULTILINE)
    assert {name for name in spelled - rows if not name.startswith(tuple(families))} == set()
    own = {
        name for name in rows if not re.match(r"DATARELEASE_(NAME|KAFKA|SCHEMA_REGISTRY)_", name)
    }
    assert {name for name in own if name not in text} == set()
