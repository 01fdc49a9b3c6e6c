"""The texts that ``datarelease init`` writes: workflows, and the ``release:`` section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from datarelease.model.adoption import yaml_text
from datarelease.model.project import REPOSITORY
from datarelease.model.review.policy import Limit, Policy

WORKFLOWS = ".github/workflows"
REPORTS_IGNORED = "/reports/report.*\n/reports/pull-request.json\n"


def tag_of(version: str) -> str:
    """The git ref of the tool's own release ``version``, for `uses:`."""
    return f"v{version}"


def workflow_files(*, branch: str, ref: str, requirements: str) -> dict[str, str]:
    """The workflow files by path, the same for every clone of a repository."""
    values = {
        "branch": branch,
        "branch_yaml": yaml_text(branch),
        # A quotation mark in an expression of GitHub's is written twice.
        "branch_quoted": branch.replace("'", "''"),
        "ref": ref,
        "requirements": yaml_text(requirements) if requirements else "",
    }
    return {
        f"{WORKFLOWS}/{name}": _rendered(f"{name}.j2", **values)
        for name in ("data.yml", "data-report.yml", "data-verify.yml")
    }


def dependabot_file() -> str:
    """The text of ``.github/dependabot.yml``."""
    return _rendered("dependabot.yml.j2")


def release_section(*, remotes: Sequence[str], ref: str) -> str:
    """The ``release:`` section of params.yaml, its defaults as comments."""
    listed = ", ".join(yaml_text(name) for name in remotes)
    return _rendered("release.yaml.j2", remotes=listed, ref=ref, policy=_policy_lines())


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
