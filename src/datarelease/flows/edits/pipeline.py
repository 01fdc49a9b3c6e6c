"""Additions to the top ``dvc.yaml``: datasets under ``artifacts:``, and stages that check them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datarelease.adapters.yaml_edit import insert
from datarelease.model.adoption import Proposed, yaml_text
from datarelease.model.data.dataset import Dataset
from datarelease.settings.read import DATASETS_FILE

MOST_PLAIN = 4
"""Up to so many datasets each gets stages of its own; more of them share a `foreach`."""


@dataclass(frozen=True, kw_only=True)
class PipelineDataset:
    """A dataset on its way into ``dvc.yaml``."""

    proposed: Proposed
    schema: str | None
    """Its file; None: somebody declared the dataset without one."""
    declared: bool
    """It stands under ``artifacts:`` already."""
    bare: bool
    """It stands there without ``meta:``."""
    validated: bool
    """A stage writes its validation already."""
    profiled: bool

    @property
    def dataset(self) -> Dataset:
        """As the settings will read it."""
        return Dataset(name=self.proposed.name, path=self.proposed.path)


def edited_pipeline(text: str, members: Sequence[PipelineDataset], stages: Iterable[str]) -> str:
    """``text`` of dvc.yaml with what ``members`` lack; ``stages`` are the names that are taken."""
    missing = [m for m in members if not (m.validated and m.profiled)]
    taken = set(stages)
    alike = [m for m in missing if m.schema is not None]
    alike = alike if len(alike) > MOST_PLAIN else []
    entries = _groups(alike, taken) if alike else []
    entries += [e for member in missing if member not in alike for e in _plain(member, taken)]
    if entries:
        text = insert(text, ["stages"], entries, file=DATASETS_FILE)
    for member in members:
        if member.bare:
            path = ["artifacts", member.proposed.name]
            text = insert(text, path, [_meta(member)], file=DATASETS_FILE)
    new = [_artifact(member) for member in members if not member.declared]
    return insert(text, ["artifacts"], new, file=DATASETS_FILE) if new else text


def _artifact(member: PipelineDataset) -> str:
    path = yaml_text(member.proposed.path)
    return "\n".join(
        [
            f"{member.proposed.name}:",
            f"  path: {path}",
            "  type: dataset",
            "  # desc: what a row is; reports show it",
            *(f"  {line}" for line in _meta(member).split("\n")),
        ]
    )


def _meta(member: PipelineDataset) -> str:
    key, pii = member.proposed.key, member.proposed.pii
    lines = ["meta:", f"  schema: {yaml_text(member.schema or '')}"]
    if key:
        lines.append(f"  key: {_list(key)}  # {member.proposed.evidence}")
    elif member.proposed.guess:
        guess, evidence = member.proposed.guess, member.proposed.evidence
        lines.append(f"  # key: {_list(guess)}  # a guess: {evidence}")
    else:
        lines.append("  # key: []  # columns that identify a row; they make rows comparable")
    if pii:
        lines.append(f"  pii: {_list(pii)}  # guessed by name: values are never shown")
    else:
        lines.append("  # pii: []  # columns whose values are never shown")
    if member.proposed.csv:
        lines.append(f"  {member.proposed.csv}  # inferred from its files")
    return "\n".join(lines)


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(yaml_text, names))}]"


def _plain(member: PipelineDataset, taken: set[str]) -> list[str]:
    name, dataset = member.proposed.name, member.dataset
    path = yaml_text(dataset.path)
    schema = [yaml_text(member.schema)] if member.schema else []
    entries = []
    if not member.validated:
        entries.append(
            _stage(
                _free(f"validate-{name}", taken),
                desc=f"Check {name} against its schema; a violation fails the stage",
                cmd=f"datarelease validate {name}",
                deps=[path, *schema],
                metric=dataset.validation_file,
                indent="",
            )
        )
    if not member.profiled:
        entries.append(
            _stage(
                _free(f"profile-{name}", taken),
                desc=f"Statistics of {name}, what later versions are compared with",
                cmd=f"datarelease profile {name}",
                deps=[path, f"{dataset.validation_file}  # invalid data gets no profile"],
                metric=dataset.profile_file,
                indent="",
            )
        )
    return entries


def _groups(members: Sequence[PipelineDataset], taken: set[str]) -> list[str]:
    each = Dataset(name="${key}", path="${item.path}")
    entries = []
    for kind, chosen in (
        ("validate", [m for m in members if not m.validated]),
        ("profile", [m for m in members if not m.profiled]),
    ):
        if not chosen:
            continue
        is_check = kind == "validate"
        listed = "\n".join(f"    {_item(member, with_schema=is_check)}" for member in chosen)
        body = _stage(
            "do",
            desc="",
            cmd=f"datarelease {kind} ${{key}}",
            deps=["${item.path}", "${item.schema}" if is_check else each.validation_file],
            metric=each.validation_file if is_check else each.profile_file,
            indent="  ",
        )
        head = "Check each dataset against its schema" if is_check else "Statistics of each dataset"
        name = _free(kind, taken)
        entries.append(f"{name}:\n  # {head}\n  foreach:\n{listed}\n{body}")
    return entries


def _item(member: PipelineDataset, *, with_schema: bool) -> str:
    schema = f", schema: {yaml_text(member.schema or '')}" if with_schema else ""
    return f"{member.proposed.name}: {{path: {yaml_text(member.proposed.path)}{schema}}}"


def _stage(name: str, *, desc: str, cmd: str, deps: Sequence[str], metric: str, indent: str) -> str:
    lines = [
        f"{name}:",
        *([f"  desc: {desc}"] if desc else []),
        f"  cmd: {cmd}",
        "  deps:",
        *(f"    - {dep}" for dep in deps),
        "  metrics:",
        f"    - {metric}:",
        "        cache: false  # git holds it, so it can be read at any revision without data",
    ]
    return "\n".join(indent + line for line in lines)


def _free(name: str, taken: set[str]) -> str:
    choices = [name, f"datarelease-{name}", *(f"datarelease-{name}-{n}" for n in range(2, 100))]
    chosen = next(choice for choice in choices if choice not in taken)
    taken.add(chosen)
    return chosen


def artifacts_by_path(dvc_yaml: Mapping[str, Any]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """The entries of ``artifacts:`` by their normal path: (name, entry)."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    artifacts = dvc_yaml.get("artifacts")
    for name, entry in (artifacts if isinstance(artifacts, dict) else {}).items():
        if isinstance(entry, dict) and isinstance(entry.get("path"), str):
            found[posixpath.normpath(entry["path"].strip())] = (str(name), entry)
    return found
