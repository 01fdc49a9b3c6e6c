"""The texts that ``datarelease init`` writes: workflows, and the ``release:`` section."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from datarelease.flows.workflow_jobs import FOLDER
from datarelease.model.adoption import yaml_text
from datarelease.model.diagnosis import PUBLISHING
from datarelease.model.directory import ROOT, suffix_of
from datarelease.model.project import REPOSITORY, ToolRef
from datarelease.model.review.policy import Limit, Policy

REPORTS_IGNORED = "/reports/report.*\n/reports/pull-request.json\n"


def workflow_title(directory: str) -> str:
    """What the workflows of a DVC root are called: that of the check, and how the others begin.

    >>> workflow_title("."), workflow_title("models/churn")
    ('data', 'data-models-churn')
    """
    return "data" if directory == ROOT else "data-" + re.sub(r"[^A-Za-z0-9]+", "-", directory)


def workflow_paths(directory: str) -> dict[str, str]:
    """The workflow file for each step, from the top of the git repository."""
    title = workflow_title(directory)
    return {
        "check": f"{FOLDER}/{title}.yml",
        **{step: f"{FOLDER}/{title}-{step}.yml" for step in ("report", "release", "verify")},
    }


def workflow_files(
    *, branch: str, ref: ToolRef, requirements: str, directory: str = ROOT
) -> dict[str, str]:
    """The workflow files by path from the top, the same for every clone of a repository.

    Args:
        branch: Whose pushes are released.
        ref: The version of the tool that they use.
        requirements: The pipeline's requirements file, from the top; empty: there is none.
        directory: The DVC root, from the top.
    """
    suffix = suffix_of(directory)
    values = {
        "branch": branch.replace("\n", " "),
        "branch_yaml": yaml_text(branch),
        "pin": str(ref),
        "requirements": yaml_text(requirements) if requirements else "",
        "directory": directory,
        "directory_yaml": yaml_text(directory),
        "title": workflow_title(directory),
        # The groups of the reusable workflows are called so, too.
        "group": yaml_text(f"{PUBLISHING}{'' if directory == ROOT else f'-{directory}'}"),
        "verify_group": yaml_text(f"data-verify{'' if directory == ROOT else f'-{directory}'}"),
        "artifact": lambda name: f"{name}{suffix}",
        "at": lambda path: path if directory == ROOT else yaml_text(f"{directory}/{path}"),
        # As check.yml spells it: a cache is found only with the path that it was saved with.
        "cache": "./.dvc/cache" if directory == ROOT else yaml_text(f"{directory}/.dvc/cache"),
    }
    return {
        path: _rendered("data.yml.j2" if step == "check" else f"data-{step}.yml.j2", **values)
        for step, path in workflow_paths(directory).items()
    }


def dependabot_file() -> str:
    """The text of ``.github/dependabot.yml``."""
    return _rendered("dependabot.yml.j2")


def release_section(*, remotes: Sequence[str], ref: ToolRef, directory: str = ROOT) -> str:
    """The ``release:`` section of params.yaml, its defaults as comments.

    Each DVC root has versions of its own: ``directory`` is in the prefix of their tags.
    """
    listed = ", ".join(yaml_text(name) for name in remotes)
    return _rendered(
        "release.yaml.j2",
        remotes=listed,
        ref=ref.name,
        prefix=f"{workflow_title(directory)}-v",
        policy=_policy_lines(),
    )


def _policy_lines() -> list[str]:
    default = Policy()

    def limit(rule: Limit) -> str:
        return f"{{max: {rule.max}, level: {rule.level}}}"

    rules = [
        (f"rows: {{min: {default.rows.min}, level: {default.rows.level}}}", "fewest rows"),
        (f"row_loss: {limit(default.row_loss)}", "share of the rows that may be removed"),
        (f"null_rate: {limit(default.null_rate)}", "rise of a column's share of nulls"),
        (f"psi: {limit(default.psi)}", "population stability index of a column"),
        (f"ks: {limit(default.ks)}", "Kolmogorov-Smirnov distance of a numeric column"),
        ("allow_breaking: []", "changes meant to break: [{what: NAME.COLUMN, until:, reason:}]"),
    ]
    width = max(len(rule) for rule, _ in rules)
    return [f"{rule:{width}}  # {meaning}" for rule, meaning in rules]


def _rendered(name: str, **values: Any) -> str:
    # GitHub's own ${{ }} must come through, so the marks are others than usual.
    templates = Environment(
        loader=PackageLoader("datarelease"),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, whose values `yaml_text` spells
    )
    return templates.get_template(name).render(home=REPOSITORY, **values)
