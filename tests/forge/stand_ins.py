"""The actions that stand in for those of others, by the commit that the workflows pin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from tests.forge.records import Repository
from tests.forge.workflows import resolve
from tests.forge.world import World

FOLDER = Path(__file__).with_name("actions")
PINS = {
    "actions/attest": "1e69f48acb82d1966a394da916b4c1698aa569d6",
    "actions/cache": "27d5ce7f107fe9357f9df03efb73ab90386fccae",
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/deploy-pages": "cd2ce8fcbc39b97be8ca5fce6e763baed58fa128",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/upload-pages-artifact": "fc324d3547104276b827a68afc52ff2a11cc49c9",
    "aws-actions/configure-aws-credentials": "e6de054238d6b7531b4efff3b6587d9aade6a06c",
    "azure/login": "a457da9ea143d694b1b9c7c869ebb04ebe844ef5",
    "google-github-actions/auth": "7c6bc770dae815cd3e89ee6cdf493a5fab2cc093",
    "iterative/setup-cml": "f12ea7685438c1fc438d50f77519b3860cf5fa98",
}
USES = re.compile(r"(?P<repository>[^/@]+/[^/@]+)(?P<path>/[^@]+)?@(?P<ref>.+)")


def stand_ins() -> dict[str, Path]:
    """The folder of each action, by ``OWNER/NAME@SHA``."""
    return {f"{name}@{pin}": FOLDER / name for name, pin in PINS.items()}


def exported(repository: Repository, sha: str, target: Path) -> Path:
    """``target`` with the files of ``repository`` at ``sha``, written once."""
    if not target.exists():
        making = target.with_suffix(".making")
        making.mkdir(parents=True)
        repository.bare.git(f"--work-tree={making}", "checkout", sha, "--", ".")
        for path in making.rglob("action.yml"):
            # act does not know `$/`, the action's own repository at its own commit.
            own = rf"\1{repository.full_name}/\2@{sha}"
            path.write_text(re.sub(r"(uses: )\$/(\S+)", own, path.read_text()))
        making.rename(target)
    return target


def found_actions(world: World, steps: list[dict[str, Any]], trees: Path) -> dict[str, Path]:
    """Where the actions that ``steps`` use are: stand-ins, and those of repositories of ``world``.

    Raises:
        AssertionError: nothing stands in for one, or it is given an input that it does not have.
    """
    found = {}
    for step in steps:
        uses = step.get("uses", "./")
        if uses.startswith("./"):
            continue
        match = USES.fullmatch(uses)
        assert match is not None, f"uses: {uses}"
        key, name = f"{match['repository']}@{match['ref']}", match["repository"]
        if key in stand_ins():
            found[key] = stand_ins()[key]
        else:
            assert name in world.repositories, f"nothing stands in for {uses}"
            sha = resolve(world.repositories[name], match["ref"])
            assert sha is not None, f"no such ref: {uses}"
            found[key] = exported(world.repositories[name], sha, trees / sha)
            found[f"{name}@{sha}"] = found[key]
        _known_inputs(found[key] / (match["path"] or "").removeprefix("/"), step)
    return found


def _known_inputs(action: Path, step: dict[str, Any]) -> None:
    definition = yaml.safe_load((action / "action.yml").read_text())
    unknown = set(step.get("with", {})) - set(definition.get("inputs", {}))
    assert not unknown, f"{step['uses']} has no inputs {sorted(unknown)}"
