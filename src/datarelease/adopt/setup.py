"""What the repository gets beside its pipeline: settings, workflows, ignored reports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from datarelease.adapters.yaml_edit import insert
from datarelease.adopt.context import AdoptionContext
from datarelease.flows.edits import Drafts, rendered
from datarelease.flows.workflow_jobs import FOLDER, deploying_pages, jobs_in, workflow_texts
from datarelease.model.adoption import (
    address_scheme,
    staging_credentials,
    workflow_credentials,
)
from datarelease.model.diagnosis import PUBLISHING
from datarelease.model.directory import ROOT, normalized, suffix_of
from datarelease.model.project import REPOSITORY, ToolRef
from datarelease.model.review.policy import Policy
from datarelease.model.review.report import REPORTS
from datarelease.model.versions.channel import ChannelGrammar
from datarelease.model.versions.version import ERASED, YANKED, TagGrammar
from datarelease.settings.places import PARAMS_FILE, SECTION
from datarelease.settings.reading import read_tag_settings

_REQUIREMENTS = "requirements.txt"
_REPORTS_IGNORED = {
    "/reports/report.*": REPORTS,
    "/reports/pull-request.json": ("reports/pull-request.json",),
    "/reports/*/*.parquet": ("reports/x/violations.parquet", "reports/x/changes.parquet"),
}
"""Lines for `.gitignore`, each with paths that it is for."""
_WHY = {
    "check": "says in pull requests what merging would release",
    "report": "posts the report as a comment, and records the reviewed digest",
    "release": "releases what was merged; you can edit the job that publishes",
    "verify": "verifies the released data on its remotes every week",
    "versions": "sets channels and withdraws versions when somebody starts it",
    "tags": "starts the next one when a person pushes the tag of a withdrawal or a channel",
    "site": "publishes the catalogue of all versions on GitHub Pages",
}
_ANY = ToolRef(name="any")
"""Stands for whatever version of the tool a file names."""


def refuse_unknown_ref(at: AdoptionContext, params: Mapping[str, Any]) -> None:
    """Ask for the version of the tool before data is read, where a file is to name it.

    Raises:
        ConfigError: It is not known.
    """
    performed = _performed(at)
    lacking = [
        path
        for step, path in workflow_paths(at.directory, site=has_site(params)).items()
        if step not in performed and not (at.root / _up(at) / path).exists()
    ]
    if SECTION not in params or lacking:
        at.ref()


def add_section(
    at: AdoptionContext, drafts: Drafts, params: Mapping[str, Any], remotes: Sequence[str]
) -> None:
    """Plan the ``release:`` section; ``remotes`` are to be named in it."""
    if SECTION in params:
        drafts.skip(f"`{SECTION}:` in {PARAMS_FILE}")
        _, listed = read_tag_settings(params)
        lacking = [name for name in remotes if name not in listed]
        if lacking:
            why = f"add {', '.join(lacking)} there; otherwise nothing is released to it"
            drafts.leave(f"`{SECTION}.remotes` in {PARAMS_FILE}", why)
        return
    section = release_section(remotes=remotes, ref=at.ref(), directory=at.directory)
    text = insert(drafts.text(PARAMS_FILE), [], [section], file=PARAMS_FILE)
    drafts.edit(PARAMS_FILE, text, why="how data is released; the policy's defaults as comments")


def add_github(
    at: AdoptionContext,
    drafts: Drafts,
    branch: str,
    remotes: Sequence[tuple[str, str]] = (),
    staging: str = "",
    *,
    tags: TagGrammar,
    site: bool = False,
) -> None:
    """Plan the workflows, which release what is pushed to ``branch`` as versions of ``tags``.

    ``remotes`` are names and addresses: jobs that use them sign in, and at the address ``staging``.
    With ``site`` they publish the catalogue, too.
    """
    if not _is_nameable(at.directory):
        why = (
            f"a workflow cannot name the directory {at.directory}: its path may have letters, "
            "digits and . _ + @ - only"
        )
        drafts.leave(FOLDER, why)
        return
    performed = _performed(at)
    paths = workflow_paths(at.directory, site=site)
    own = PurePosixPath(paths.get("site", "")).name
    occupied = deploying_pages(workflow_texts(at.root / _up(at)), but=own)
    texts = partial(_texts, at, branch=branch, remotes=remotes, staging=staging, tags=tags)
    expected = texts(_ANY)
    for step, path in paths.items():
        place = f"{_up(at)}{path}"
        if not drafts.is_missing(place):
            _compare(drafts, place, expected[path])
        elif step in {"tags", "site"} and occupied:
            why = f"{occupied[0]} deploys GitHub Pages, and a repository has one site"
            drafts.leave(place, f"{why}: add the catalogue there (docs/use/catalogue.md)")
        elif step in performed:
            drafts.leave(place, f"{performed[step]} does this already")
        else:
            ref = at.ref()
            # Twelve digits of a commit are enough to find it; the file has all.
            why = f"{_WHY[step]} (with datarelease {ref.name[:12]})"
            drafts.create(place, texts(ref)[path], why=why)
    dependabot = f"{_up(at)}.github/dependabot"
    if all(drafts.is_missing(f"{dependabot}.{ending}") for ending in ("yml", "yaml")):
        why = "keeps the actions in the workflows up to date"
        drafts.create(f"{dependabot}.yml", dependabot_file(), why=why)
    else:
        drafts.skip(f"{dependabot}.yml")


def _is_nameable(directory: str) -> bool:
    try:
        return bool(normalized(directory))
    except ValueError:
        return False


def _up(at: AdoptionContext) -> str:
    """The way from the DVC root to the top of the git repository, where GitHub looks."""
    return "" if at.directory == ROOT else "../" * len(at.directory.split("/"))


def _texts(
    at: AdoptionContext,
    ref: ToolRef,
    *,
    branch: str,
    remotes: Sequence[tuple[str, str]],
    staging: str,
    tags: TagGrammar,
) -> dict[str, str]:
    own = _REQUIREMENTS if at.directory == ROOT else f"{at.directory}/{_REQUIREMENTS}"
    requirements = own if (at.root / _REQUIREMENTS).is_file() else ""
    return workflow_files(
        branch=branch,
        ref=ref,
        requirements=requirements,
        directory=at.directory,
        remotes=remotes,
        staging=staging,
        tags=tags,
    )


def _performed(at: AdoptionContext) -> dict[str, str]:
    """The steps that the workflows of this root have already, each with its file."""
    jobs, _ = jobs_in(workflow_texts(at.root / _up(at)), at.directory)
    return {job.step: job.file for job in jobs}


def _compare(drafts: Drafts, path: str, text: str) -> None:
    """Tell whether a file is ours; that it names another version of the tool is no edit."""
    named = re.compile(rf"({re.escape(REPOSITORY)}[\w./-]*@).*")
    if named.sub(r"\1", drafts.text(path)) == named.sub(r"\1", text):
        drafts.skip(path)
    else:
        drafts.leave(
            path,
            "it differs from what init would write, and init leaves it as it is. To have it "
            "written again, delete it and run `datarelease init` again",
        )


def ignore_reports(at: AdoptionContext, drafts: Drafts) -> None:
    """Plan that git ignores the reports of a whole check, which are made again each time."""
    every = [path for paths in _REPORTS_IGNORED.values() for path in paths]
    ignored = set(at.ignored(every))
    lines = [line for line, paths in _REPORTS_IGNORED.items() if not ignored.issuperset(paths)]
    if not lines:
        drafts.skip(".gitignore")
        return
    text = drafts.text(".gitignore")
    text += "\n" if text and not text.endswith("\n") else ""
    drafts.edit(
        ".gitignore",
        text + "".join(f"{line}\n" for line in lines),
        why="git ignores the report of a check, which is written again each time",
    )


def workflow_title(directory: str) -> str:
    """What the workflows of a DVC root are called: that of the check, and how the others begin.

    >>> workflow_title("."), workflow_title("models/churn")
    ('data', 'data-models-churn')
    """
    return "data" if directory == ROOT else "data-" + re.sub(r"[^A-Za-z0-9]+", "-", directory)


def has_site(params: Mapping[str, Any]) -> bool:
    """Whether params.yaml says where the catalogue is published."""
    section = params.get(SECTION)
    return isinstance(section, Mapping) and bool(section.get("site"))


def workflow_paths(directory: str, *, site: bool = True) -> dict[str, str]:
    """The workflow file for each step, from the top of the git repository.

    Without ``site`` those that publish the catalogue are left out.
    """
    title = workflow_title(directory)
    steps = ("report", "release", "verify", "versions", *(["tags", "site"] if site else []))
    return {
        "check": f"{FOLDER}/{title}.yml",
        **{step: f"{FOLDER}/{title}-{step}.yml" for step in steps},
    }


def workflow_files(
    *,
    branch: str,
    ref: ToolRef,
    requirements: str,
    directory: str = ROOT,
    remotes: Sequence[tuple[str, str]] = (),
    staging: str = "",
    tags: TagGrammar | None = None,
) -> dict[str, str]:
    """The workflow files by path from the top, the same for every clone of a repository.

    Args:
        branch: Whose pushes are released.
        ref: The version of the tool that they use.
        requirements: The pipeline's requirements file, from the top; empty: there is none.
        directory: The DVC root, from the top.
        remotes: Names and addresses of those that releases go to.
        staging: Address of the staging remote; empty: there is none, and one on S3 may come.
        tags: How versions are spelled; None: as ``release_section`` says.
    """
    tags = tags or TagGrammar(f"{workflow_title(directory)}-v")
    values = {
        "schemes": {address_scheme(address) for _, address in remotes},
        "credentials": dict(pair for remote in remotes for pair in workflow_credentials(*remote)),
        "staging": dict(staging_credentials(staging or "s3://")),
        "branch": branch,
        "pin": str(ref),
        "requirements": requirements,
        "directory": directory,
        # A cache is found only with the path that check.yml saves it with.
        "place": "" if directory == ROOT else f"{directory}/",
        "title": workflow_title(directory),
        "version": tags.format(3),
        "tag_patterns": (
            f"{tags.prefix}*{YANKED}",
            f"{tags.prefix}*{ERASED}",
            f"{ChannelGrammar(tags).prefix}*",
        ),
        "suffix": suffix_of(directory),
        # The groups of the reusable workflows are called so, too.
        "publishing": PUBLISHING,
        "of_root": "" if directory == ROOT else f"-{directory}",
    }
    return {
        path: rendered("data.yml.j2" if step == "check" else f"data-{step}.yml.j2", **values)
        for step, path in workflow_paths(directory).items()
    }


def dependabot_file() -> str:
    """The text of ``.github/dependabot.yml``."""
    return rendered("dependabot.yml.j2")


def release_section(*, remotes: Sequence[str], ref: ToolRef, directory: str = ROOT) -> str:
    """The ``release:`` section of params.yaml, its defaults as comments.

    Each DVC root has versions of its own: ``directory`` is in the prefix of their tags.
    """
    prefix = f"{workflow_title(directory)}-v"
    return rendered(
        "release.yaml.j2", remotes=remotes, ref=ref.name, prefix=prefix, policy=Policy()
    )
