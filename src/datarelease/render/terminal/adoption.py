"""The plan of an adoption for a terminal: what will be done, the files as a diff, what is next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from shlex import join, quote

from rich.text import Text

from datarelease.model.adoption import (
    Adoption,
    Command,
    FileEdit,
    Proposed,
    address_scheme,
    workflow_needs,
    yaml_text,
)
from datarelease.model.wording import plural
from datarelease.render.numbers import size


def adoption(plan: Adoption) -> Text:
    """The plan as a list, with a preview of each file."""
    return _unwrapped([*_list(plan), *(line for edit in plan.files for line in _diff(edit))])


def adoption_summary(plan: Adoption) -> Text:
    """The plan as a list, without the text of the files."""
    return _unwrapped(_list(plan))


def next_steps(plan: Adoption, *, shared: bool) -> Text:
    """What is left to people when the plan is carried out; ``shared``: there is an origin."""
    return _unwrapped(_next(plan, shared=shared))


def _unwrapped(lines: Iterable[Text]) -> Text:
    # Lines that people copy, and lines of files, must not be broken at the terminal's edge.
    return Text("\n", no_wrap=True, overflow="ignore").join(lines)


def _list(plan: Adoption) -> Iterator[Text]:
    skipped = [Text(f"  skipped: {it.what}: {it.why}", style="dim") for it in plan.skipped]
    remotes = [Text(f"  $ {line}") for remote in plan.remotes for line in remote.commands]
    sections = {
        "datasets": [Text(f"  {_described(dataset)}") for dataset in plan.datasets],
        "\ncommands": [*map(_command, plan.commands), *remotes],
        "\nfiles": [
            Text(f"  {'add' if edit.before is None else 'edit':4} {edit.path}: {edit.why}")
            for edit in plan.files
        ],
        "\nlast": [*map(_command, plan.last)],
        "": skipped,
        "\nleft alone": [Text(f"  {note.what}: {note.why}") for note in plan.left_out],
    }
    for title, lines in sections.items():
        if lines and title:
            yield Text(title, style="bold")
        yield from lines


def _command(command: Command) -> Text:
    style = "bold yellow" if command.loud else ""
    mark = "!" if command.loud else "$"
    return Text(f"  {mark} {join(command.arguments)}\n      {command.why}", style=style)


def _described(dataset: Proposed) -> str:
    if dataset.files is not None:
        return (
            f"{dataset.name}: {dataset.path}, {dataset.origin}; {plural(dataset.files, 'file')}, "
            f"{size(dataset.bytes)}"
        )
    key = f"key {_names(dataset.key)}" if dataset.key else "no key found"
    if dataset.guess:
        key = f"no key written (perhaps {_names(dataset.guess)}: {dataset.evidence})"
    hidden = f", values hidden of {_names(dataset.pii)}" if dataset.pii else ""
    written = f"; read with {dataset.csv}" if dataset.csv else ""
    folders = f", {_names(dataset.partitions)} from folders" if dataset.partitions else ""
    return (
        f"{dataset.name}: {dataset.path}, {dataset.origin}; {plural(dataset.rows, 'row')}, "
        f"{plural(dataset.columns, 'column')}{folders}; {key}{hidden}{written}"
    )


def _names(columns: Iterable[str]) -> str:
    # Spelled so that nothing in a column's name can command the terminal.
    return ", ".join(map(yaml_text, columns))


def _diff(edit: FileEdit) -> Iterator[Text]:
    before = (edit.before or "").splitlines()
    source = f"a/{edit.path}" if edit.before is not None else "/dev/null"
    lines = difflib.unified_diff(
        before, edit.after.splitlines(), source, f"b/{edit.path}", lineterm=""
    )
    yield Text("")
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        yield Text(line, style="bold" if line.startswith(("+++", "---")) else style)


_FILES = "look at `files` in dvc.yaml: the rules there are comments until you want them"


def _next(plan: Adoption, *, shared: bool) -> Iterator[Text]:
    yield Text("\nnext", style="bold")
    tables = not plan.datasets or any(one.files is None for one in plan.datasets)
    files = any(one.files is not None for one in plan.datasets)
    told = ["look at the schemas, and at key and pii in dvc.yaml: they are guesses"] * tables
    told += [_FILES] * files
    for number, text in enumerate(told):
        yield Text(f"  1. {text}" if not number else f"     {text}")
    for command in plan.last:
        if command.arguments[:2] == ("dvc", "repro"):
            again = (*command.arguments[:2], "--force", *command.arguments[2:])
            yield Text(f"     after an edit of them: {join(again)}")
    yield Text(f"  2. git add {join(_to_add(plan))}")
    if not plan.files and plan.made:
        yield Text("     (and what an earlier run wrote: `git status` shows it)")
    yield Text("     git commit -m 'Adopt data releases'")
    if shared:
        yield Text("     git push")
    else:
        yield Text(
            "     there is no git remote yet: `git remote add origin URL`; URL is a repository "
            "on GitHub, or on this machine a directory made with `git init --bare`"
        )
        yield Text(f"     git push -u origin {quote(plan.branch)}")
    if not plan.all_remotes:
        yield Text(
            "  3. there is no DVC remote yet: `datarelease init --remote dagshub:OWNER/REPO`, "
            "`--remote s3://BUCKET/PREFIX` or `--remote /DIRECTORY`"
        )
    for number, (name, address) in enumerate(plan.all_remotes, 3):
        yield Text(f"  {number}. remote {name} ({address}): {_secrets(name, address)}")
    yield Text("  then: datarelease check; and datarelease doctor, for what the setup lacks")


def _to_add(plan: Adoption) -> list[str]:
    paths = [edit.path for edit in plan.files]
    if any(command.arguments[:2] == ("dvc", "init") for command in plan.commands):
        paths += [".dvc", ".dvcignore"]
    elif plan.remotes:
        paths.append(".dvc/config")
    for command in plan.commands:
        if command.arguments[:2] == ("dvc", "add"):
            for path in command.arguments[3:]:
                folder = path.rpartition("/")[0]
                paths += [f"{path}.dvc", f"{folder}/.gitignore" if folder else ".gitignore"]
    return list(dict.fromkeys([*paths, *plan.made]))


def _secrets(name: str, address: str) -> str:
    if "dagshub.com" in address:
        return (
            "on GitHub, make the environment `data-release` and give it the secret DAGSHUB_TOKEN "
            "(a DagsHub token that may write); make `data-read` with a token that may read, for "
            "verify"
        )
    if address.startswith("s3://"):
        return (
            "on GitHub, make the environments `data-release` and `data-read` and give each the "
            "variables AWS_ROLE and AWS_REGION (`datarelease doctor --aws-policy` prints what the "
            "roles take), or, with keys, the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    needs = workflow_needs(name, address)
    if needs:
        return (
            "on GitHub, make the environments `data-release` and `data-read` and give each "
            f"{', '.join(needs[:-1])} and {needs[-1]} (docs/remotes.md)"
        )
    if not address_scheme(address):
        return "a directory does for this machine; GitHub's machines need a remote that they reach"
    return "GitHub's machines must be able to reach it"
