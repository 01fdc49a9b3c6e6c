"""What stages see of the environment, with real DVC: what they need, and no secret of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands import run
from tests.project import REMOTE, Project
from tests.servers import Bucket

from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.errors import SettingsError
from datarelease.model.stage_environment import HIDDEN, NEVER, is_drain, stage_environment
from datarelease.settings.read import read_settings

pytestmark = pytest.mark.one_dataset

LOOK = "env > seen.txt; tr '\\0' '\\n' < /proc/$PPID/environ > above.txt; cat > rest.txt"
"""What a stage can look at: its own environment, that of the program above, standard input."""
SECRETS = {
    name.replace("*", "X"): f"planted-{number}" for number, name in enumerate((*NEVER, *HIDDEN))
}
SHOWN = {"PIPELINE_URL": "https://x", "AWS_REGION": "us-east-1", "GITHUB_SHA": "0" * 40}


def looking(project: Project, *, cmd: str = LOOK, deps: tuple[str, ...] = ()) -> None:
    """A stage that writes down what it sees."""
    declared = project.read_yaml("dvc.yaml")
    declared["stages"]["look"] = {
        "cmd": cmd, "deps": list(deps), "outs": ["seen.txt", "above.txt", "rest.txt"],
        "params": ["look"],
    }  # fmt: skip
    project.write("dvc.yaml", str(declared))
    params = project.read_yaml("params.yaml")
    project.write("params.yaml", str({**params, "look": 1}))


def found(project: Project) -> str:
    """All that it wrote down."""
    return "".join((project.root / f"{name}.txt").read_text() for name in ("seen", "above", "rest"))


def test_a_check_pulls_with_keys_that_its_stages_do_not_see(
    project: Project, bucket: Bucket, tmp_path: Path
) -> None:
    """Inputs come from a remote whose keys are in the environment; the stage finds none of them."""
    project.add_remote(
        REMOTE, bucket.url(), default=True, endpointurl=bucket.endpoint, region="us-east-1"
    )
    looking(project, deps=("data/people.csv",))
    project.repro()
    project.commit("Look around")
    keys = {
        "DATARELEASE_STORAGE_ACCESS_KEY_ID": bucket.keys.access,
        "DATARELEASE_STORAGE_SECRET_ACCESS_KEY": bucket.keys.secret,
    }
    aws = {name.replace("DATARELEASE_STORAGE", "AWS"): value for name, value in keys.items()}
    project.dvc("push", "--quiet", env=aws)
    project.push()
    clone = project.clone(tmp_path / "clone")
    (clone.root / ".dvc" / "config.local").unlink()
    params = clone.read_yaml("params.yaml")
    release = {"stage_environment": ["AZURE_PASSWORD"]}
    clone.write("params.yaml", str({**params, "look": 2, "release": release}))
    planted = {k: v for k, v in SECRETS.items() if not k.startswith(("AWS_", "DATARELEASE_X_"))}
    env = {**planted, **keys, **SHOWN, "AZURE_PASSWORD": "passed"}
    done = run(clone, "check", env=env)
    assert done.code == 0, done.err
    seen = found(clone)
    assert [name for name in (*planted, *keys) if f"{name}=" in seen] == ["AZURE_PASSWORD"]
    assert "planted" not in seen
    assert bucket.keys.access not in seen
    assert bucket.keys.secret not in seen
    assert [f"{k}={v}" for k, v in SHOWN.items() if f"{k}={v}\n" not in seen] == []
    assert "AZURE_PASSWORD=passed\n" in seen


def test_dvc_imports_no_file_of_the_repository(project: Project) -> None:
    """Files called like modules that DVC needs are not run by the process that has the secrets."""
    looking(project)
    for name in ("json", "psutil", "dvc", "datarelease", "sitecustomize"):
        project.write(f"{name}.py", "open('imported.txt', 'a').write(__name__)\n")
    dvc = Dvc(project.root, env={**os.environ, **SECRETS, **SHOWN})
    assert dvc.run_stage("look", pull=False, env={}) == 0
    assert not (project.root / "imported.txt").exists()
    command = dvc.command("status", "--quiet")
    subprocess.run(command, cwd=project.root, check=False)  # exit 1: stages were not run
    assert not (project.root / "imported.txt").exists()


def test_one_stage_alone_sees_no_more(project: Project) -> None:
    """A stage that Dagster runs is held to the same; what Dagster adds for it is there."""
    looking(project)
    dvc = Dvc(project.root, env={**os.environ, **SECRETS, **SHOWN})
    assert dvc.run_stage("look", pull=False, env={"DAGSTER_PIPES_CONTEXT": "here"}) == 0
    seen = found(project)
    assert "planted" not in seen
    assert "DAGSTER_PIPES_CONTEXT=here" in seen


@pytest.mark.parametrize("more", ["", " ; true"])
def test_only_a_stage_that_drains_sees_the_broker(
    project: Project, tmp_path: Path, more: str
) -> None:
    """Keys of the broker go to `datarelease ingest drain NAME`, and to nothing that does more."""
    program = tmp_path / "bin" / "datarelease"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{LOOK}\n")
    program.chmod(0o755)
    looking(project, cmd=f"datarelease ingest drain orders{more}")
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    dvc = Dvc(project.root, env={**os.environ, **SECRETS, "PATH": path})
    assert dvc.run_stage("look", pull=False, env={}) == 0
    seen = (project.root / "seen.txt").read_text()
    expected = [] if more else ["DATARELEASE_KAFKA_X", "DATARELEASE_SCHEMA_REGISTRY_X"]
    assert sorted(re.findall(r"^(\w+)=planted", seen, re.MULTILINE)) == expected


def test_dvc_itself_has_what_its_remote_needs_and_no_more(project: Project) -> None:
    """A key that was taken from DVC's environment stays away from DVC, and passed to a stage."""
    looking(project)
    raw = {**os.environ, "AWS_ACCESS_KEY_ID": "of the pipeline"}
    stages = stage_environment(raw, ["AWS_ACCESS_KEY_ID"])
    dvc = Dvc(project.root, env=os.environ, stages=stages)
    assert dvc.repro(inputs="here")
    assert "AWS_ACCESS_KEY_ID=of the pipeline\n" in (project.root / "seen.txt").read_text()


CHECKS = """
import os, pathlib
import pandera.pandas as pa

pathlib.Path(__file__).with_name("loaded.txt").write_text("\\n".join(os.environ))
schema = pa.DataFrameSchema({"id": pa.Column(int)})
"""


@pytest.mark.parametrize("command", ["check", "release"])
def test_a_schema_that_is_code_finds_no_token_of_publishing(project: Project, command: str) -> None:
    """Where the check itself loads a schema file, the tokens are gone from its environment."""
    project.write("schemas/people.py", CHECKS)
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"]["schema"] = "schemas/people.py"
    project.write("dvc.yaml", str(declared))
    project.write(".gitignore", "loaded.txt\n")
    project.commit("A schema that is code")
    project.push()
    planted = {name.replace("*", "X"): "planted" for name in NEVER if "DATARELEASE" not in name}
    planted["DATARELEASE_OTHER_SESSION_TOKEN"] = "planted"
    run(project, command, env=planted)
    seen = (project.root / "schemas" / "loaded.txt").read_text().splitlines()
    assert "PATH" in seen
    assert set(planted) & set(seen) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_no_other_program_reads_what_a_run_of_stages_holds(project: Project) -> None:
    """Environment and memory of whoever starts stages are closed to other programs of the user."""
    state = "ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)"  # PR_GET_DUMPABLE
    script = (
        "import ctypes, os, pathlib\n"
        "from datarelease.adapters.dvc.work_tree import Dvc\n"
        f"before = {state}\n"
        f"Dvc(pathlib.Path({str(project.root)!r}), env=os.environ).repro(inputs='here')\n"
        f"print(before, {state})"
    )
    assert project.run(sys.executable, "-c", script).split()[-2:] == ["1", "0"]


def test_amazons_sign_in_at_a_broker_takes_the_keys_along() -> None:
    """With `AWS_MSK_IAM` the drain signs in as whoever runs it."""
    env = {"AWS_PROFILE": "p", "DATARELEASE_KAFKA_SASL_MECHANISM": "AWS_MSK_IAM"}
    assert stage_environment(env).broker == env
    assert "AWS_PROFILE" not in stage_environment({"AWS_PROFILE": "p"}).broker


@pytest.mark.parametrize(
    "command", ["datarelease ingest drain x && env", "datarelease ingest drain $(env)",
                "datarelease ingest drain x\nenv", ["datarelease ingest drain x", "env"], None],
)  # fmt: skip
def test_a_command_that_does_more_is_no_drain(command: object) -> None:
    """Whatever stands beside the drain would see the broker's keys too."""
    assert not is_drain(command)


def test_tokens_of_the_workflow_cannot_be_passed() -> None:
    """`release.stage_environment` refuses what publishes, by name, and takes the rest."""
    datasets = {"artifacts": {"a": {"type": "dataset", "path": "a.csv"}}}
    taken = ["HF_TOKEN", "AWS_ACCESS_KEY_ID"]
    settings = read_settings(datasets, {"release": {"stage_environment": taken}})
    assert settings.stage_environment == tuple(taken)
    for name in ("GITHUB_TOKEN", "DATARELEASE_STAGING_ACCESS_KEY_ID", "STAGING_X", "a-b"):
        with pytest.raises(SettingsError, match="stage_environment"):
            read_settings(datasets, {"release": {"stage_environment": [name]}})
    env = {"GITHUB_TOKEN": "x", "HF_TOKEN": "y"}
    assert stage_environment(env, ["GITHUB_TOKEN"]).seen == {"HF_TOKEN": "y"}


def test_the_list_is_documented() -> None:
    """Every pattern of the one list stands in docs/security/stages.md."""
    text = (Path(__file__).parents[2] / "docs" / "security" / "stages.md").read_text()
    assert [name for name in (*NEVER, *HIDDEN) if f"`{name}`" not in text] == []
