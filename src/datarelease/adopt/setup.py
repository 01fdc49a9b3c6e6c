"""What the repository gets beside its pipeline: settings, workflows, ignored reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datarelease.adapters.yaml_edit import insert
from datarelease.adopt.context import AdoptionContext
from datarelease.adopt.templates import (
    REPORTS_IGNORED,
    WORKFLOWS,
    dependabot_file,
    release_section,
    tag_of,
    workflow_files,
)
from datarelease.flows.edits.drafts import Drafts
from datarelease.model.review.report import REPORTS
from datarelease.settings.read import PARAMS_FILE, SECTION, read_tag_settings

REQUIREMENTS = "requirements.txt"


def add_section(
    at: AdoptionContext, drafts: Drafts, params: Mapping[str, Any], remotes: Sequence[str]
) -> None:
    """Plan the ``release:`` section; ``remotes`` are to be named in it."""
    if SECTION in params:
        drafts.skip(f"`{SECTION}:` in {PARAMS_FILE}", "already there")
        _, listed = read_tag_settings(params)
        lacking = [name for name in remotes if name not in listed]
        if lacking:
            why = f"add {', '.join(lacking)} there; otherwise nothing is released to it"
            drafts.leave(f"`{SECTION}.remotes` in {PARAMS_FILE}", why)
        return
    section = release_section(remotes=remotes, ref=tag_of(at.version))
    text = insert(drafts.text(PARAMS_FILE), [], [section], file=PARAMS_FILE)
    drafts.edit(PARAMS_FILE, text, why="how data is released; the policy's defaults as comments")


def add_github(at: AdoptionContext, drafts: Drafts, branch: str) -> None:
    """Plan the workflows, which release what is pushed to ``branch``."""
    if not at.at_top:
        why = "DVC is not at the top of the git repository, where GitHub looks for workflows"
        drafts.leave(WORKFLOWS, why)
        return
    requirements = REQUIREMENTS if (at.root / REQUIREMENTS).is_file() else ""
    files = workflow_files(branch=branch, ref=tag_of(at.version), requirements=requirements)
    for path, text in files.items():
        drafts.create(path, text, why="runs the tool on GitHub")
    if all(drafts.is_missing(f".github/dependabot.{ending}") for ending in ("yml", "yaml")):
        drafts.create(".github/dependabot.yml", dependabot_file(), why="keeps the workflows new")
    else:
        drafts.skip(".github/dependabot.yml", "already there")


def ignore_reports(at: AdoptionContext, drafts: Drafts) -> None:
    """Plan that git ignores the reports of a whole check, which are made again each time."""
    if set(at.ignored(REPORTS)) == set(REPORTS):
        drafts.skip(".gitignore", "already there")
        return
    text = drafts.text(".gitignore")
    text += "\n" if text and not text.endswith("\n") else ""
    drafts.edit(
        ".gitignore", text + REPORTS_IGNORED, why="the whole report is written again each time"
    )
