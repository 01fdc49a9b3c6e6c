"""What is left to run when the files of an adoption are written, and how it can fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from datarelease.adapters.dvc.index import IndexedOutput, Inventory
from datarelease.adopt.context import AdoptionContext
from datarelease.adopt.run import checks, finish, first_run
from datarelease.documents import encode
from datarelease.errors import BlockedError, ConfigError, DatareleaseError, WorldError
from datarelease.flows.edits import Drafts
from datarelease.model.adoption import Command
from datarelease.model.data.validation import Validation, Violation

MD5 = "0" * 32
NOTHING: Any = None


def output(path: str, md5: str | None = MD5) -> IndexedOutput:
    """An output that DVC knows."""
    return IndexedOutput(path=path, md5=md5, size=1, source=f"{path}.dvc")


def context(root: Path, *outputs: IndexedOutput) -> AdoptionContext:
    """A repository at ``root``; of the rest nothing is asked."""
    return AdoptionContext(
        root=root, git=NOTHING, ignored=NOTHING, directory=".", settings=NOTHING, objects=NOTHING,
        engine=NOTHING, ref=NOTHING, progress=NOTHING,
        inventory=Inventory(outputs=outputs, stages=frozenset(), shown=frozenset()),
    )  # fmt: skip


def artifacts(**paths: str) -> dict[str, Any]:
    """Datasets as ``dvc.yaml`` declares them."""
    return {name: {"path": path, "type": "dataset"} for name, path in paths.items()}


PLAIN: dict[str, Any] = {
    "stages": {
        "profile-a": {"cmd": "datarelease profile a"},
        "make": {"cmd": "python make.py"},
        "own": {"cmd": "datarelease validate a && rm -rf x"},
        "model": {"cmd": "datarelease validate m"},
        "validate-a": {"cmd": "datarelease validate a"},
    },
    "artifacts": {**artifacts(a="data/a.csv"), "m": {"path": "m.pkl", "type": "model"}},
}
GROUPS: dict[str, Any] = {
    "stages": {
        "validate": {"foreach": {"a": {}, "b": {}}, "do": {"cmd": "datarelease validate ${key}"}},
        "profile": {"foreach": {"a": {}, "b": {}}, "do": {"cmd": "datarelease profile ${key}"}},
        "odd": {"foreach": "${list}", "do": {"cmd": "datarelease profile ${item}"}},
        "odder": None,
    },
    "artifacts": artifacts(a="data/a.csv", b="data/b.csv"),
}


def planned(
    root: Path, pipeline: dict[str, Any], *outputs: IndexedOutput, lock: tuple[str, ...] = ()
) -> list[tuple[str, ...]]:
    """The arguments of the commands, with the stages ``lock`` in ``dvc.lock``."""
    (root / "dvc.lock").write_text(yaml.safe_dump({"stages": {name: {} for name in lock}}))
    commands, _ = first_run(context(root, *outputs), Drafts(root), pipeline, ["data/a.csv"])
    return [command.arguments for command in commands]


def test_ours_are_those_whose_whole_command_is_ours() -> None:
    """Whatever their names; validations come first, as invalid data gets no profile."""
    found = checks(PLAIN)
    assert [check.address for check in found] == ["validate-a", "profile-a"]
    assert [check.report for check in found] == [
        "reports/a/validation.json", "reports/a/profile.json",
    ]  # fmt: skip


def test_members_of_groups_are_addressed_as_dvc_does() -> None:
    """`validate@a`; what cannot be read here is somebody else's."""
    addresses = [check.address for check in checks(GROUPS)]
    assert addresses == ["validate@a", "validate@b", "profile@a", "profile@b"]
    assert checks({}) == checks({"stages": None}) == checks({"stages": []}) == ()


def test_what_the_lock_knows_is_not_planned(tmp_path: Path) -> None:
    """All of them, one of them, none."""
    repro = ("dvc", "repro", "--single-item")
    assert planned(tmp_path, PLAIN) == [(*repro, "validate-a", "profile-a")]
    assert planned(tmp_path, PLAIN, lock=("validate-a",)) == [(*repro, "profile-a")]
    assert planned(tmp_path, PLAIN, lock=("validate-a", "profile-a")) == []


def test_a_group_that_is_wanted_whole_is_named_once(tmp_path: Path) -> None:
    """One of which some stages have run is named by what is left."""
    (tmp_path / "data").mkdir()
    for name in "ab":
        (tmp_path / "data" / f"{name}.csv").touch()
    outs = output("data/a.csv"), output("data/b.csv")
    [command] = planned(tmp_path, GROUPS, *outs, lock=("validate@a",))
    assert command[3:] == ("validate@b", "profile")


def test_absent_data_is_pulled_by_whole_outputs(tmp_path: Path) -> None:
    """Not half a directory, which would be a changed one; not what is in the work tree."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "1.csv").touch()
    pipeline: dict[str, Any] = {
        "stages": {
            f"p-{name}": {"cmd": f"datarelease profile {name}"}
            for name in ("inner", "outer", "here")
        },
        "artifacts": artifacts(inner="whole/x.csv", outer="parts", here="more/1.csv"),
    }
    outs = [output(p) for p in ("whole", "parts/1.csv", "parts/2.csv", "more", "other")]
    pull, repro = planned(tmp_path, pipeline, *outs)
    assert pull == ("dvc", "pull", "whole", "parts/1.csv", "parts/2.csv")
    assert repro[3:] == ("p-inner", "p-outer", "p-here")


def test_data_that_no_stage_made_yet_is_told(tmp_path: Path) -> None:
    """Init never runs the stage that makes it."""
    drafts, here = Drafts(tmp_path), context(tmp_path, output("data/a.csv", None))
    assert first_run(here, drafts, PLAIN, []) == ((), ())
    [unmade] = drafts.left_out
    assert unmade.what == "data/a.csv"
    assert "dvc repro" in unmade.why


def command(*arguments: str) -> Command:
    """A step of the plan."""
    return Command(arguments=arguments, why="because")


PULL, REPRO = command("dvc", "pull", "x"), command("dvc", "repro", "--single-item", "validate-a")


def failure(root: Path, *commands: Command, failing: Command) -> DatareleaseError:
    """What ``finish`` raises when one command fails."""
    ran: list[Command] = []

    def run(one: Command) -> bool:
        ran.append(one)
        return one is not failing

    with pytest.raises(DatareleaseError) as caught:
        finish(root, commands, run=run)
    assert ran[-1] is failing
    return caught.value


@pytest.mark.parametrize(
    ("failing", "said", "kind"),
    [(PULL, None, WorldError), (REPRO, "violation", BlockedError), (REPRO, "passed", ConfigError),
     (REPRO, None, ConfigError)],
)  # fmt: skip
def test_a_failure_has_its_class_and_the_commands_left(
    tmp_path: Path, failing: Command, said: str | None, kind: type[DatareleaseError]
) -> None:
    """The remote, the data, anything else; what is done, what is not, what to run later."""
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump(PLAIN))
    if said is not None:
        report = tmp_path / "reports/a/validation.json"
        report.parent.mkdir(parents=True)
        report.write_text(encode(validation(passed=said == "passed")))
    error = failure(tmp_path, PULL, REPRO, failing=failing)
    assert type(error) is kind
    assert "were written" in error.untouched
    assert "Stages that have not run yet: validate-a, profile-a." in error.untouched
    assert "`datarelease init` again" in error.remedy
    assert "`dvc repro --single-item validate-a`" in error.remedy
    assert ("`dvc pull x`" in error.remedy) == (failing is PULL)


def test_a_busy_repository_or_a_full_disk_is_told_with_what_is_left(tmp_path: Path) -> None:
    """The error says that the files are written, and how the adoption goes on."""
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump(PLAIN))

    def busy(_: Command) -> bool:
        raise WorldError("Busy.", untouched="Nothing was changed.", remedy="Wait.")

    with pytest.raises(WorldError) as caught:
        finish(tmp_path, [PULL, REPRO], run=busy)
    error = caught.value
    assert error.what == "Busy."
    assert error.untouched.startswith("All files were written and are kept. Stages that")
    assert error.remedy == (
        "Wait. To continue, run `datarelease init` again, or `dvc pull x`, then "
        "`dvc repro --single-item validate-a`."
    )


def validation(*, passed: bool) -> Validation:
    """The outcome of a schema."""
    violation = Violation(
        column="x", check="required", reason="column_not_in_dataframe", category="schema",
        count=1, total=1,
    )  # fmt: skip
    found = () if passed else (violation,)
    return Validation(dataset="a", schema="schemas/a.yaml", rows=1, checks=1, violations=found)
