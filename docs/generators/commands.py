"""The pages of the commands, from the commands themselves and from recorded runs."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from datarelease.cli import COMMANDS, OPTIONAL, group
from datarelease.cli.described import EXIT_CODES, DescribedCommand
from generators.json_schemas import (
    DOCUMENTS,
    as_text,
    fields,
    schema_of_result,
)
from generators.markdown import block, code, page, prose, table
from generators.transcripts import exit_code_of, transcript

FOLDER = "docs/reference/commands"
_FORMATS = "../formats"
_BY_TYPE = {kind: name for name, (kind, _) in DOCUMENTS.items()}
_COMMON = (70, 130)
_RESULTS = "results"
"""The folder of the JSON Schemas of results, beside the pages."""
_PARTS = (
    ("Read versions", ("list", "show", "diff", "changelog", "get", "url", "site", "verify")),
    ("Prepare and check", ("doctor", "init", "check", "validate", "profile")),
    ("Release and manage versions", ("release", "rollback", "yank", "unyank", "channel")),
    ("Delete data", ("purge", "gc")),
    ("Steps of workflows", ("post", "announce", "trim")),
    ("Events", ("ingest",)),
)


_INTRODUCTION = (
    "Every command of `datarelease`, with its options, exit codes, output and a real run. You find "
    "the same help in the terminal: `datarelease COMMAND --help`."
)
_FOR_EVERY = (
    "- `-C DIR`, before or after the name of a command, works in another directory, as with git.\n"
    "- `-h` and `--help` print the help. `datarelease --version` prints the version.\n"
    "- Results go to standard output. Progress, warnings and errors go to standard error.\n"
    "- `--json` prints the result as one JSON document. Each page shows its fields and links its "
    "JSON Schema.\n"
    "- On a terminal, long work shows a progress bar. Elsewhere it prints a line every ten "
    "seconds.\n"
    "- Every command may end with the exit codes 70 (a bug) and 130 (interrupted), and with 3 if a "
    "disk is full. [Exit codes](../exit-codes.md) says what to do then."
)


@dataclass(frozen=True)
class Described:
    """A command and the words that it is called by, after ``datarelease``."""

    words: tuple[str, ...]
    command: DescribedCommand

    @property
    def name(self) -> str:
        """How it is typed."""
        return " ".join(("datarelease", *self.words))

    @property
    def slug(self) -> str:
        """Its name in the names of files."""
        return "-".join(self.words)


def described(commands: click.Group = group, words: Sequence[str] = ()) -> Iterator[Described]:
    """Every command that does something, groups left out, in the order of the help."""
    context = click.Context(commands)
    for name in commands.list_commands(context):
        found = commands.get_command(context, name)
        path = (*words, name)
        if isinstance(found, click.Group):
            yield from described(found, path)
        elif isinstance(found, DescribedCommand):
            yield Described(path, found)
        else:
            raise SystemExit(f"{' '.join(path)} does not describe itself (cli.described)")


def command_pages() -> dict[str, str]:
    """The pages of all commands and their overview, and the schemas of results, by path."""
    pages = {"docs/reference/commands.md": _overview()}
    by_page: dict[str, list[Described]] = {}
    for one in described():
        by_page.setdefault(one.words[0], []).append(one)
    for name, found in by_page.items():
        if found[0].words != (name,):
            pages[f"{FOLDER}/{name}.md"] = _group_page(name, found)
        for one in found:
            parts = _sections(one)
            pages[f"{FOLDER}/{one.slug}.md"] = page(one.name, f"command {one.slug}", *parts)
            for slug, kind in _own_results(one):
                title = f"datarelease {slug.replace('-', ' ')} --json"
                text = as_text(schema_of_result(kind, title))
                pages[f"{FOLDER}/{_RESULTS}/{slug}.schema.json"] = text
    return pages


def _overview() -> str:
    texts = {**COMMANDS, **OPTIONAL}
    parts = [_INTRODUCTION]
    for title, names in _PARTS:
        rows = [(f"[`{name}`](commands/{name}.md)", texts[name], _codes_of(name)) for name in names]
        parts += [f"## {title}", table(("command", "what it does", "exit codes"), rows)]
    left = set(texts) - {name for _, names in _PARTS for name in names}
    if left:
        raise SystemExit(f"no part of the page on commands has {', '.join(left)}")
    parts += ["## What holds for every command", _FOR_EVERY]
    return page("Commands", "commands", *parts)


def _codes_of(name: str) -> str:
    codes = {
        code
        for one in described()
        if one.words[0] == name
        for code in one.command.exit_codes
        if code not in _COMMON
    }
    return ", ".join(map(str, sorted(codes)))


def _group_page(name: str, found: Sequence[Described]) -> str:
    """The page of a group: a table of its commands, each of which has a page of its own."""
    holder = group.get_command(click.Context(group), name)
    intro = _help((holder.help if holder else None) or "")
    rows = [
        (f"[`{' '.join(one.words)}`]({one.slug}.md)", _first(one), _codes(one)) for one in found
    ]
    listed = table(("command", "what it does", "exit codes"), rows)
    return page(f"datarelease {name}", f"command {name}", intro, listed)


def _help(text: str) -> str:
    """The help of a command as Markdown: pages that it names are links, and variables code."""
    linked = re.sub(r"\bdocs/([\w/-]+\.md)", r"[docs/\1](../../\1)", prose(text))
    return re.sub(r"(?<![`\w])(DATARELEASE_\w+…?)", r"`\1`", linked)


def _first(one: Described) -> str:
    return prose(one.command.help or "").partition("\n\n")[0]


def _codes(one: Described) -> str:
    return ", ".join(str(code) for code in one.command.exit_codes if code not in _COMMON)


def _sections(one: Described) -> Iterator[str]:
    context = click.Context(one.command, info_name=one.name, help_option_names=["-h", "--help"])
    yield _help(one.command.help or "")
    yield block("text", " ".join(one.command.get_usage(context).removeprefix("Usage: ").split()))
    if one.command.arguments:
        yield "## Arguments"
        rows = [(code(name), text) for name, text in one.command.arguments.items()]
        yield table(("argument", "meaning"), rows)
    yield "## Options"
    yield table(("option", "meaning"), list(_options(one.command, context)))
    yield "## Exit codes"
    codes = [(str(number), text) for number, text in one.command.exit_codes.items()]
    yield table(("code", "meaning"), codes)
    yield from _output(one)
    yield "## Example"
    yield from _example(one)


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for option in command.get_params(context):
        if not isinstance(option, click.Option):
            continue
        record = option.get_help_record(context)
        if record is None:
            raise SystemExit(f"{command.name}: {option.opts} is hidden, or has no help")
        names, text = record
        if option.envvar:
            text += f" Also read from the variable {code(str(option.envvar))}."
        yield code(names), _with_code(text)


def _with_code(text: str) -> str:
    """Help with its names of options and its defaults as code."""
    text = text.replace("[x>=1]", "(at least 1)")
    parts = re.split(r"(`[^`]*`)", text)  # every second one is code already
    parts[::2] = [re.sub(r"(?<![\w-])(--?[a-zA-Z][\w-]*)", r"`\1`", part) for part in parts[::2]]
    text = "".join(parts)
    return re.sub(r"\s*\[(default[^\]]*|required)\]", lambda m: f" ({m[1]})", text)


def _output(one: Described) -> Iterator[str]:
    kind = one.command.prints
    if kind is None:
        return
    yield "## Output with --json"
    known = [(part, _BY_TYPE[part]) for part in _members(kind) if part in _BY_TYPE]
    own = list(_own_results(one))
    links = [f"a document [{name}]({_FORMATS}/{name}.md)" for _, name in known]
    if own:
        slug, of = own[0]
        what = "a list of objects" if typing.get_origin(of) is list else "an object"
        links.append(f"{what} with the fields below ([JSON Schema]({_RESULTS}/{slug}.schema.json))")
    empty = " It prints `null` if there is nothing to tell." if type(None) in _members(kind) else ""
    yield f"It prints {', or '.join(links)}.{empty}"
    for slug, of in own:
        inner = typing.get_args(of)[0] if typing.get_origin(of) is list else of
        yield from fields(schema_of_result(inner, slug))


def _own_results(one: Described) -> Iterator[tuple[str, Any]]:
    """What the command prints that is no document with a schema of its own, with a name for it."""
    kinds = [
        kind for kind in _members(one.command.prints)
        if kind is not None and kind not in _BY_TYPE and kind is not type(None)
    ]  # fmt: skip
    singles = [kind for kind in kinds if [kind] not in [list(typing.get_args(it)) for it in kinds]]
    if len(singles) > 1 and not any(typing.get_origin(kind) is list for kind in singles):
        raise SystemExit(f"{one.name} prints two kinds of results: give them one type")
    yield from ((one.slug, kind) for kind in kinds[:1])


def _members(kind: Any) -> tuple[Any, ...]:
    return typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)


def _example(one: Described) -> Iterator[str]:
    shown = transcript(one.slug)
    yield block("console", shown)
    number = exit_code_of(one.slug)
    if number:
        yield f"It ended with exit code {number}."


def exit_code_table() -> str:
    """Every exit code with its meaning, and the commands that may end with it."""
    rows = []
    for number, text in EXIT_CODES.items():
        found = [one for one in described() if number in one.command.exit_codes]
        every = len(found) == sum(1 for _ in described())
        where = (
            "every command"
            if every
            else ", ".join(f"[`{one.name}`](reference/commands/{one.slug}.md)" for one in found)
        )
        rows.append((str(number), text, where))
    return table(("code", "meaning", "commands"), rows)
