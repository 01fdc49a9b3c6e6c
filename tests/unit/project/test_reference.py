"""The reference names every command, option, setting, exit code, output and public function."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import grimp
import jsonschema
import pytest
import yaml
from tests.goldens import GOLDEN

import datarelease
import generate
from datarelease.cli.described import DescribedCommand
from datarelease.settings.shapes import ArtifactShape, ReleaseShape
from generators.commands import Described, described
from generators.transcripts import RECORDED, place

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
COMMANDS = {one.name: one for one in described()}
GENERAL = {"--help", "-h", "-C"}
RAISED = {1: "BlockedError", 4: "ConflictError"}
"""The exit codes that a command names only if it ends with them, and what is raised for each."""


def section(one: Described) -> str:
    """The page of one command in the reference."""
    text = (REFERENCE / "commands" / f"{one.slug}.md").read_text("utf-8")
    assert text.startswith(f"# {one.name}\n")
    return text


def first_cells(text: str) -> list[str]:
    """The first cell of each row of each table."""
    return re.findall(r"^\| `((?:[^|]|\\\|)*)` \|", text, re.MULTILINE)


def spellings(one: Described) -> set[str]:
    """The options of a command in each form."""
    return {
        spelling
        for part in one.command.params if isinstance(part, click.Option)
        for spelling in (*part.opts, *part.secondary_opts)
    }  # fmt: skip


def test_every_argument_option_and_exit_code_stands_in_the_reference() -> None:
    """Each has a row on the page of its command, and no row names what is not there."""
    texts = {name: section(one) for name, one in COMMANDS.items()}
    rows = {
        name: {w for cell in first_cells(text) for w in re.findall(r"--?[a-zA-Z][\w-]*", cell)}
        for name, text in texts.items()
    }
    assert {name: found - GENERAL for name, found in rows.items()} == {
        name: spellings(one) - GENERAL for name, one in COMMANDS.items()
    }
    codes = {
        name: {int(row) for row in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
        for name, text in texts.items()
    }
    assert codes == {name: set(one.command.exit_codes) for name, one in COMMANDS.items()}
    assert {name for name, found in codes.items() if not found >= {0, 2, 3, 70, 130}} == set()


def usage(one: Described) -> list[str]:
    """The arguments of a command as its usage names them."""
    context = click.Context(one.command)
    return [
        word for part in one.command.params if isinstance(part, click.Argument)
        for word in part.get_usage_pieces(context)
    ]  # fmt: skip


def test_every_command_describes_its_arguments() -> None:
    """The names in the usage are those that the help explains."""
    used = {name: usage(one) for name, one in COMMANDS.items()}
    assert used == {name: list(one.command.arguments) for name, one in COMMANDS.items()}
    assert used == {
        name: first_cells(section(one))[: len(used[name])] for name, one in COMMANDS.items()
    }


def test_every_option_has_a_sentence() -> None:
    """It begins with a capital letter, ends with a full stop, and is a sentence of a manual."""
    said = {
        (name, *part.opts): re.sub(r"\s*\[.*\]$", "", part.help or "")
        for name, one in COMMANDS.items()
        for part in one.command.params
        if isinstance(part, click.Option)
    }
    assert {
        option: text
        for option, text in said.items()
        if not re.fullmatch(r"[A-Z].*\.", text, re.DOTALL)
    } == {}


def test_every_run_that_the_reference_shows_is_of_a_command() -> None:
    """A file in docs/transcripts is the run of a command, and a command has one run."""
    shown = {one.slug for one in COMMANDS.values()}
    assert shown >= set(RECORDED)
    kept = {path.stem for path in (ROOT / "docs" / "transcripts").glob("*.txt")}
    assert kept == shown - set(RECORDED)
    for one in COMMANDS.values():
        typed = (ROOT / place(one.slug)).read_text("utf-8").partition("\n")[0]
        assert f"{typed} ".startswith(f"$ {one.name} ")


def test_a_command_names_an_exit_code_only_if_it_can_end_with_it() -> None:
    """What 1 and 4 stand for is raised in some module that the command uses.

    That it ends with no code that it does not name is checked in each test that runs a command
    (`tests.commands.run`).
    """
    imports = grimp.build_graph("datarelease")
    never = []
    for name, one in COMMANDS.items():
        assert one.command.callback is not None
        module = one.command.callback.__module__
        used = {module, *imports.find_upstream_modules(module)}
        never += [
            (name, code)
            for code in RAISED.keys() & one.command.exit_codes.keys()
            if not any(raises(other, RAISED[code]) for other in used)
        ]
    assert never == []


@cache
def raises(module: str, error: str) -> bool:
    """A module makes an error of this class."""
    path = ROOT / "src" / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = file.read_text("utf-8")
    return error in text and any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == error
        for node in ast.walk(ast.parse(text))
    )


def printed() -> list[tuple[str, list[str], Any]]:
    """Each run with ``--json`` that golden files have: file, command, and document."""
    found = []
    for path in sorted(GOLDEN.rglob("*.txt")):
        typed, _, rest = path.read_text("utf-8").partition("\n")
        words = typed.split()
        if words[:2] == ["$", "datarelease"] and "--json" in words:
            _, _, out = rest.partition("\n\n")
            if not out.startswith(("{", "[")):
                continue  # it ended before its result
            document, _ = json.JSONDecoder().raw_decode(out)
            found.append((path.name, words[1:], document))
    return found


def errors(one: Described, document: Any) -> list[Any]:
    """Where a document does not fit the schema of what the command prints."""
    kept = REFERENCE / "commands" / "results" / f"{one.slug}.schema.json"
    if not kept.exists():  # it prints a document that test_schemas.py looks at
        return []
    schema = json.loads(kept.read_text("utf-8"))
    return list(jsonschema.Draft202012Validator(schema).iter_errors(document))


def test_what_is_printed_fits_the_schema_of_its_command() -> None:
    """The golden files of ``--json`` have the fields that the reference lists, and no others."""
    found = {}
    for file, words, document in printed():
        typed = f"{' '.join(words)} "
        [one] = [one for name, one in COMMANDS.items() if typed.startswith(f"{name} ")]
        if "--plan" not in words:
            found[file] = errors(one, document)
    assert found
    assert {file: faults for file, faults in found.items() if faults} == {}


@pytest.mark.slow  # `make lint` says so, too
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


def test_every_group_links_the_pages_of_its_commands() -> None:
    """The page of a group lists each command in it; the overview lists groups and commands."""
    overview = (REFERENCE / "commands.md").read_text("utf-8")
    assert set(re.findall(r"^\| \[`([^`]+)`\]\(commands/\1\.md\)", overview, re.MULTILINE)) == {
        one.words[0] for one in COMMANDS.values()
    }
    for one in COMMANDS.values():
        if len(one.words) > 1:
            text = (REFERENCE / "commands" / f"{one.words[0]}.md").read_text("utf-8")
            assert f"[`{' '.join(one.words)}`]({one.slug}.md)" in text


def test_every_public_name_stands_in_the_reference() -> None:
    """Functions have a section with all of their parameters, and errors and warnings have a row."""
    text = (REFERENCE / "python.md").read_text("utf-8")
    functions = {
        name for name in datarelease.__all__ if not inspect.isclass(getattr(datarelease, name))
    }
    assert set(re.findall(r"^### dr\.(\w+)$", text, re.MULTILINE)) == functions
    assert set(re.findall(r"^\| `dr\.(\w+)` \|", text, re.MULTILINE)) == (
        set(datarelease.__all__) - functions
    )
    for name in functions:
        part = text.partition(f"\n### dr.{name}\n")[2].partition("\n### ")[0]
        signature = re.search(r"```python\n(.*?)```", part, re.DOTALL)
        assert signature is not None
        shown = re.findall(r"^    (?:\*)?(\w+):", signature[1], re.MULTILINE)
        assert shown == list(inspect.signature(getattr(datarelease, name)).parameters)


SETTINGS: dict[str, tuple[str, str]] = {
    "AppendOnlyShape": ("rules", ""),
    "ArtifactShape": ("artifacts", ""),
    "BoundsShape": ("rules", ""),
    "ChannelShape": ("channels", ""),
    "ColumnLimitShape": ("rules", ""),
    "CsvShape": ("csv", ""),
    "DatasetLimitShape": ("rules", ""),
    "FilesShape": ("files", ""),
    "MetaShape": ("artifacts", "meta."),
    "NotifyShape": ("notify", ""),
    "PolicyShape": ("policy", ""),
    "ProposeShape": ("streams", "propose."),
    "ReleaseShape": ("release", ""),
    "RowsShape": ("rules", ""),
    "StreamShape": ("streams", ""),
    "WaiverShape": ("waivers", ""),
}
"""The table of docs/settings.md with the keys of each shape, and what stands before them there."""
HOLDERS = {("artifacts", "meta"), ("streams", "propose")}
"""Keys that hold others of the same table, and have no row of their own."""


def keys_by_table() -> dict[str, set[str]]:
    """The keys of all settings that the code accepts, by the table that has them."""
    found: dict[str, set[str]] = {"artifacts": {"type"}}
    for root in (ReleaseShape, ArtifactShape):
        schema = root.model_json_schema(by_alias=True)
        for name, shape in {root.__name__: schema, **schema.get("$defs", {})}.items():
            if "properties" in shape:
                table, before = SETTINGS[name]
                keys = {
                    f"{before}{key}" for key in shape["properties"] if (table, key) not in HOLDERS
                }
                found.setdefault(table, set()).update(keys)
    return found


def test_every_setting_stands_in_the_reference() -> None:
    """Each key that the code accepts has a row on docs/settings.md, and no row names another."""
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    keys = keys_by_table()
    for table, part in re.findall(r"<!-- generated: (\w+) -->\n(.*?)<!-- end -->", page, re.DOTALL):
        first = r"`[^|]*` \| " if table == "rules" else ""  # the rules that have the key
        rows = set(re.findall(rf"^\| {first}`([\w.]+)` \|", part, re.MULTILINE))
        assert rows == keys.pop(table), table
    assert keys == {}


def test_every_input_output_and_secret_of_a_workflow_stands_in_the_reference() -> None:
    """Those of the action and of each workflow that can be called, by their files."""
    page = (REFERENCE / "workflows.md").read_text("utf-8")
    files = {f"{path.name}": path for path in (ROOT / ".github" / "workflows").glob("*.yml")}
    called = {"The action": yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))}
    for name, path in files.items():
        on = yaml.safe_load(path.read_text("utf-8"))[True]  # YAML reads `on` as a truth value
        if isinstance(on, dict) and "workflow_call" in on:
            called[name] = on["workflow_call"] or {}
    for heading, declared in called.items():
        part = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        for kind in ("input", "output", "secret"):
            assert table_under(part, kind) == set(declared.get(f"{kind}s") or ()), (heading, kind)


def table_under(text: str, head: str) -> set[str]:
    """The first cells of the table whose first column is called ``head``."""
    found = re.search(rf"^\| {head} \|.*\n\| --- .*\n((?:\|.*\n)*)", f"{text}\n", re.MULTILINE)
    return set(first_cells(found[1])) if found else set()


def test_every_output_of_a_step_stands_in_the_reference() -> None:
    """Each name that the code sets as an output of its step has a row, or a sentence of `trim`."""
    named = set()
    for path in sorted((ROOT / "src" / "datarelease" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "run.put":
                [outputs] = node.args
                assert isinstance(outputs, ast.Dict)
                named |= {ast.literal_eval(key) for key in outputs.keys if key is not None}
    page = (REFERENCE / "workflows.md").read_text("utf-8")
    part = page.partition("\n## Outputs of steps\n")[2].partition("\n## ")[0]
    trim = (REFERENCE / "commands" / "trim.md").read_text("utf-8")
    of_trim = {name for name in named if f"`{name}` " in trim.partition("## ")[0]}
    assert of_trim == {"cache", "key"}
    assert table_under(part, "output") == named - of_trim


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
        if "DATARELEASE_" not in source:
            continue
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


TABLES = ("field", "column", "attribute or method")
"""The first word above a table whose last cells say what something means."""
FEWEST = 4
"""Words of a meaning: fewer repeat the name."""


def meanings(text: str) -> Iterator[tuple[str, str]]:
    """The name and the meaning in each row of the tables of fields."""
    for part in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        head, _, *rows = (re.split(r"(?<!\\) \| ?", row.strip("| \n")) for row in part.splitlines())
        if head[0] in TABLES:
            yield from ((row[0], row[2] if row[2:] else "") for row in rows)


def test_every_field_of_a_document_says_what_it_means() -> None:
    """A meaning of a document, a result or a class has four words or more, besides its default."""
    short = [
        (path.name, name)
        for path in (*sorted(REFERENCE.glob("*/*.md")), REFERENCE / "python.md")
        for name, text in meanings(path.read_text("utf-8"))
        if len(re.sub(r"Default: .*", "", text).split()) < FEWEST
    ]
    assert short == []
