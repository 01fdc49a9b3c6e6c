"""``datarelease doctor``: what it finds, what it says to do, and that nothing hides anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import Done, run
from tests.dagshub import DagsHub, running_dagshub
from tests.flows.conftest import Copy
from tests.forge.server import GitHubServer, running_github
from tests.project import Project
from tests.servers import DAGSHUB_READER, DAGSHUB_TOKEN, Bucket, S3Server

from datarelease.adopt.setup import workflow_files
from datarelease.model.project import ToolRef

pytestmark = pytest.mark.one_dataset

REPOSITORY = "me/data"


def states(done: Done) -> dict[str, str]:
    """The state of each line by its name."""
    return {line["check"]: line["state"] for line in done.json["lines"]}


def line(done: Done, check: str) -> dict[str, Any]:
    """The one line called ``check``."""
    (found,) = [line for line in done.json["lines"] if line["check"] == check]
    return dict(found)


def doctor(project: Project | Path, *arguments: str, code: int = 0, env: Any = None) -> Done:
    """The answers as JSON."""
    return run(project, "doctor", "--json", *arguments, code=code, env=env)


# --- the repository and its datasets


def test_a_sound_set_up_lacks_nothing(released: Project) -> None:
    """Everything in place: exit 0, nothing missing, nothing written."""
    before = sorted(released.remote.rglob("*"))
    done = doctor(released)
    assert "missing" not in states(done).values()
    assert line(done, "versions")["found"].startswith("1 on origin")
    assert line(done, "people")["state"] == line(done, "dvc.lock")["state"] == "ok"
    assert line(done, "storage: write")["state"] == "unknown"
    assert sorted(released.remote.rglob("*")) == before
    assert released.git("status", "--porcelain") == ""


def test_the_text_has_marks_remedies_and_a_count(released: Project) -> None:
    """A person sees a mark for each line and, below what is not in order, what to do."""
    done = run(released, "doctor")
    assert "Repository\n  ✓ DVC" in done.out
    assert "  ? storage: write" in done.out
    assert "→ datarelease doctor --write" in done.out
    assert "unknown" in done.out.splitlines()[-1]


def test_faults_do_not_hide_one_another(released: Project) -> None:
    """Git, schema and remote are wrong at once: each is reported, and the exit code is 2."""
    released.git("remote", "remove", "origin")
    released.add_remote("storage", "s3://bucket/x", endpointurl="http://127.0.0.1:1")
    dvc = released.read_yaml("dvc.yaml")
    dvc["artifacts"]["people"]["meta"]["schema"] = "schemas/none.yaml"
    released.write("dvc.yaml", json.dumps(dvc))
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    done = doctor(released, code=2, env=keys)
    missing = {check for check, state in states(done).items() if state == "missing"}
    assert {"origin", "people: schema", "storage"} <= missing
    assert line(done, "origin")["remedy"].startswith("git remote add origin")
    assert line(done, "storage")["fault"] == "world"
    assert "storage: write" not in states(done)


def test_settings_are_told_one_by_one(released: Project) -> None:
    """Each problem of the settings is a line; remotes are looked at nevertheless."""
    released.release_settings(policy={"psy": 1}, enginee="x")
    done = doctor(released, code=2)
    told = [entry["found"] for entry in done.json["lines"] if entry["check"] == "settings"]
    assert len(told) == 2
    assert any("did you mean 'psi'" in text for text in told)
    assert line(done, "storage")["state"] == "ok"


def test_a_place_without_anything(tmp_path: Path) -> None:
    """Outside of any repository: what to begin with, and exit 2."""
    done = doctor(tmp_path, code=2)
    assert states(done) == {"DVC": "missing", "git": "missing", "setup": "unknown"}
    assert "dvc init" in line(done, "DVC")["remedy"]


def test_data_that_dvc_does_not_have(released: Project) -> None:
    """A dataset whose path nothing tracks is missing, with how to make it."""
    dvc = released.read_yaml("dvc.yaml")
    dvc["artifacts"]["more"] = {"path": "data/more.csv", "type": "dataset"}
    released.write("dvc.yaml", json.dumps(dvc))
    done = doctor(released, code=2)
    assert "dvc add data/more.csv" in line(done, "more")["remedy"]


@pytest.mark.two_datasets
def test_outputs_that_are_elsewhere_or_nowhere(released: Project, tmp_path: Path) -> None:
    """A dataset that DVC never pushes is reported, and a remote that an output names is checked."""
    released.add_remote("other", str(tmp_path / "other"))
    lines = released.read_yaml("dvc.yaml")
    outs = [{"data/people.csv": {"push": False}}, {"data/events": {"remote": "other"}}]
    lines["stages"]["make"]["outs"] = outs
    released.write("dvc.yaml", yaml.safe_dump(lines))
    done = doctor(released, code=2)
    assert "`push: false`" in str(done.json["lines"])
    assert line(done, "other")["state"] == "warning"
    assert "does not exist" in line(done, "other")["found"]


def test_a_stale_lock_is_a_warning(edited: Project) -> None:
    """Parameters newer than the lock are how the loop begins, so nothing is missing."""
    done = doctor(edited)
    assert line(done, "dvc.lock")["state"] in {"ok", "warning"}
    edited.params(rows=77)
    assert line(doctor(edited), "dvc.lock")["state"] == "warning"


def test_a_shallow_clone_and_its_tags(released: Project, tmp_path: Path) -> None:
    """What a shallow clone lacks is a warning with git's command."""
    shallow = released.clone(tmp_path / "shallow", "--depth=1", "--no-tags")
    done = doctor(shallow)
    assert "--unshallow" in line(done, "history")["remedy"]
    assert line(done, "versions")["state"] == "warning"
    assert "git fetch --tags" in line(done, "versions")["remedy"]


# --- remotes


def test_no_remote_at_all(built: Project) -> None:
    """Without a default remote nothing could be released."""
    built.dvc("remote", "remove", "storage")
    done = doctor(built, code=2)
    assert "dvc remote add --default" in line(done, "remotes")["remedy"]


def test_one_place_twice_and_no_verification(built: Project) -> None:
    """Two names of one place protect from nothing; `verify` is asked for."""
    built.add_remote("copy", str(built.remote), verify="false")
    built.release_settings(remotes=["storage"], staging="copy")
    done = doctor(built, code=2)
    assert line(done, "staging")["remedy"] == "dvc remote rename copy staging"
    assert "storage and copy" in line(done, "places")["found"]
    verify = next(entry for entry in done.json["lines"] if entry["check"] == "copy: verify")
    assert (verify["state"], verify["remedy"]) == ("warning", "dvc remote modify copy verify true")


def test_what_the_publisher_refuses_is_a_warning(built: Project) -> None:
    """A profile in .dvc/config works here and not in the job that publishes."""
    built.add_remote("other", "s3://bucket/x", profile="mine")
    found = line(doctor(built), "configuration")
    assert (found["state"], "remote.other.profile" in found["found"]) == ("warning", True)


def test_a_remote_that_does_not_answer_is_exit_3(built: Project, bucket: Bucket) -> None:
    """Only the world is at fault: exit 3, with the remote's name and what to check."""
    built.use_bucket(bucket)
    env = {"DATARELEASE_STORAGE_ACCESS_KEY_ID": "x", "DATARELEASE_STORAGE_SECRET_ACCESS_KEY": "y"}
    done = doctor(built, code=3, env=env)
    found = line(done, "storage")
    assert (found["state"], found["fault"]) == ("missing", "world")
    assert "DATARELEASE_STORAGE_ACCESS_KEY_ID" in found["remedy"]


def test_writing_is_tried_with_one_small_object(built: Project, bucket: Bucket) -> None:
    """--write leaves one object, which it writes over, and reads it back."""
    built.use_bucket(bucket, prefix="data")
    done = doctor(built, "--write")
    assert line(done, "storage: write")["state"] == "ok"
    assert line(done, "storage: write")["found"].startswith("wrote releases/.doctor/probe.txt")
    assert line(done, "storage: unfinished")["state"] == "ok"
    fs = bucket.fs()
    assert fs.find(bucket.name) == [f"{bucket.name}/data/releases/.doctor/probe.txt"]
    fs.pipe_file(f"{bucket.name}/data/releases/.doctor/probe.txt", b"other bytes")
    assert line(doctor(built, "--write"), "storage: write")["state"] == "ok"


def test_keys_that_only_read_are_told_when_writing(built: Project, bucket: Bucket) -> None:
    """Read-only keys pass without --write and are refused with it."""
    built.use_bucket(bucket, keys=bucket.reader)
    assert line(doctor(built), "storage")["state"] == "ok"
    done = doctor(built, "--write", code=3)
    assert "refused these credentials" in line(done, "storage: write")["found"]


def test_an_upload_that_broke_off_is_seen(built: Project, bucket: Bucket) -> None:
    """Parts of an upload that never ended cost money: a warning with the lifecycle rule."""
    built.use_bucket(bucket, prefix="data")
    bucket.fs().call_s3("create_multipart_upload", Bucket=bucket.name, Key="data/files/md5/ab/x")
    found = line(doctor(built), "storage: unfinished")
    assert found["state"] == "warning"
    assert "1 incomplete uploads" in found["found"]
    assert "--aws-policy" in found["remedy"]


@pytest.fixture
def dagshub(s3_server: S3Server) -> Iterator[DagsHub]:
    """A DagsHub with empty storage."""
    with running_dagshub(s3_server) as started:
        yield started


def test_dagshubs_token_is_asked_for_and_tried(built: Project, dagshub: DagsHub) -> None:
    """No token, a reader's, the right one: each is distinguished; the token is shown nowhere."""
    built.add_remote("storage", dagshub.url, endpointurl=dagshub.endpoint())
    without = doctor(built, code=2, env={"DAGSHUB_CLIENT_HOST": dagshub.host})
    assert "DAGSHUB_TOKEN" in line(without, "storage: DagsHub")["remedy"]
    reader = doctor(built, "--write", code=3, env=dagshub.env(DAGSHUB_READER))
    assert line(reader, "storage")["state"] == "ok"
    assert line(reader, "storage: write")["state"] == "missing"
    right = doctor(built, "--write", env=dagshub.env(DAGSHUB_TOKEN))
    assert line(right, "storage: write")["state"] == "ok"
    assert DAGSHUB_TOKEN not in right.text


def test_dagshubs_other_store_is_refused(built: Project, dagshub: DagsHub) -> None:
    """The bucket of a repository is another store than DVC's: the right address is given."""
    endpoint = f"{dagshub.host}/api/v1/repo-buckets/s3/me"
    built.add_remote("storage", "s3://data", endpointurl=endpoint)
    done = doctor(built, code=2, env=dagshub.env(DAGSHUB_TOKEN))
    assert "url s3://dvc" in line(done, "storage: DagsHub")["remedy"]


# --- GitHub


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    """A GitHub; whatever it was asked and answered was as GitHub describes it."""
    with running_github(tmp_path / "github") as server:
        yield server
        assert server.violations == []


def at_github(github: GitHubServer, project: Project, token: str) -> dict[str, str]:
    """The repository exists there with the project's commits; the environment to ask it with."""
    github.world.repository(REPOSITORY, source=project.origin)
    project.git("remote", "set-url", "origin", github.clone_url(REPOSITORY, token))
    return {
        "GITHUB_API_URL": github.api_url,
        "GITHUB_SERVER_URL": github.url,
        "GITHUB_TOKEN": token,
        **github.trust,
    }


def test_a_bare_repository_lacks_what_protects_secrets_and_tags(
    built: Project, github: GitHubServer
) -> None:
    """Environment, ruleset and workflows are missing, each with a command for this repository."""
    env = at_github(github, built, github.world.user_token("me"))
    built.add_remote("storage", "s3://bucket/data")
    done = doctor(built, code=2, env=env)
    assert states(done)["data-release"] == "missing"
    assert states(done)["data-read"] == "warning"
    assert states(done)["tag ruleset"] == "missing"
    assert states(done)["releases"] == "warning"
    assert states(done)["workflow token"] == "ok"
    assert line(done, "workflows")["remedy"] == "datarelease init"
    assert f"repos/{REPOSITORY}/environments/data-release" in line(done, "data-release")["remedy"]
    command = line(done, "tag ruleset")["remedy"]
    wanted = json.loads(command.partition("<<< '")[2].removesuffix("'"))
    assert wanted["conditions"]["ref_name"]["exclude"] == ["refs/tags/data-v*-yanked"]


def test_a_repository_set_up_as_asked_lacks_nothing(built: Project, github: GitHubServer) -> None:
    """With everything done that the lines ask for, nothing is missing or warned of."""
    env = at_github(github, built, github.world.user_token("me"))
    repository = github.world.repositories[REPOSITORY]
    github.world.environment(
        repository, "data-release", branches=("main",), secrets={"DAGSHUB_TOKEN": "x"},
        variables={"AWS_ROLE": "arn:aws:iam::123456789012:role/data-release"},
    )  # fmt: skip
    github.world.environment(
        repository, "data-read", branches=("main",), secrets={"DAGSHUB_TOKEN": "x"},
        variables={"AWS_ROLE": "arn:aws:iam::123456789012:role/data-read"},
    )  # fmt: skip
    repository.variables["AWS_REGION"] = "eu-central-1"
    github.world.protect(repository, branch=None, tags=True)
    repository.unruled_tags = ("refs/tags/data-v*-yanked",)
    repository.immutable_releases = True
    for name, text in WORKFLOWS.items():
        built.write(f".github/workflows/{name}", text)
    built.add_remote("storage", "s3://bucket/data")
    built.add_remote("hub", "s3://dvc", endpointurl="https://dagshub.com/me/data.s3")
    built.release_settings(remotes=["storage", "hub"], notify=[{"url": "NOTIFY_URL"}])
    repository.secrets["NOTIFY_URL"] = "https://hooks.example.org/x"
    done = run(built, "doctor", "--json", code=None, env=env)
    github_lines = [entry for entry in done.json["lines"] if entry["area"] == "GitHub"]
    assert {entry["state"] for entry in github_lines} == {"ok"}, github_lines
    assert len([entry for entry in github_lines if entry["check"] == "credentials"]) == 4
    assert line(done, "webhooks")["found"] == "NOTIFY_URL of the repository"


WORKFLOWS = {
    Path(path).name: text
    for path, text in workflow_files(branch="main", ref=ToolRef(name="v1"), requirements="").items()
}


def test_open_environments_and_loose_secrets_are_told(built: Project, github: GitHubServer) -> None:
    """An environment for every branch, a secret of the whole repository, a token that writes."""
    env = at_github(github, built, github.world.user_token("me"))
    repository = github.world.repositories[REPOSITORY]
    github.world.environment(repository, "data-release", branches="all")
    github.world.environment(repository, "data-read", branches="protected")
    repository.secrets["DAGSHUB_TOKEN"] = "valuable"
    repository.workflow_permissions = "write"
    github.world.protect(repository, branch=None, tags=True)
    built.release_settings(notify=[{"url": "NOTIFY_URL", "key": "NOTIFY_KEY"}])
    done = doctor(built, code=2, env=env)
    assert line(done, "webhooks")["remedy"] == "gh secret set NOTIFY_KEY\ngh secret set NOTIFY_URL"
    assert states(done)["data-release"] == "missing"
    assert "any branch" in line(done, "data-release")["found"]
    assert states(done)["data-read"] == "warning"
    assert "DAGSHUB_TOKEN" in line(done, "loose secrets")["found"]
    assert states(done)["workflow token"] == "warning"
    assert "unyank" in line(done, "tag ruleset")["found"]
    assert "valuable" not in done.text


def test_a_workflows_token_sees_less_and_says_so(built: Project, github: GitHubServer) -> None:
    """What a token may not ask is unknown, not missing, and hides nothing else."""
    env = at_github(github, built, github.world.user_token("me"))
    repository = github.world.repositories[REPOSITORY]
    github.world.environment(repository, "data-release", branches=("main",))
    token = github.world.workflow_token(REPOSITORY, {"contents": "read", "actions": "read"})
    done = run(built, "doctor", "--json", code=None, env={**env, "GITHUB_TOKEN": token})
    assert states(done)["data-release"] == "ok"
    assert states(done)["loose secrets"] == "unknown"
    assert "gh auth token" in line(done, "loose secrets")["remedy"]
    assert token not in done.text


def test_without_a_token_github_is_unknown(built: Project, github: GitHubServer) -> None:
    """No token, no request: unknown, with how to ask."""
    env = at_github(github, built, github.world.user_token("me"))
    del env["GITHUB_TOKEN"]
    done = run(built, "doctor", "--json", code=None, env=env)
    assert states(done)["setup"] == "unknown"
    assert "gh auth token" in line(done, "setup")["remedy"]
    assert github.requests == []


def test_a_name_that_is_no_repository(built: Project) -> None:
    """--github takes OWNER/NAME and nothing else."""
    run(built, "doctor", "--github", "https://github.com/me/data", code=2)


def test_policies_are_filled_in_for_this_repository(copy: Copy, github: GitHubServer) -> None:
    """One JSON document, with the numbers that GitHub tells and the claim as it issues it."""
    project = copy("template")
    env = at_github(github, project, github.world.user_token("me"))
    repository = github.world.repositories[REPOSITORY]
    numbers = f"me@{repository.owner.id}/data@{repository.id}"
    repository.subject_prefix = f"repo:{numbers}:"
    project.add_remote("storage", "s3://bucket/team/data")
    found = run(project, "doctor", "--aws-policy", env=env).json["storage"]
    (statement,) = found["data-release"]["trust"]["Statement"]
    conditions = statement["Condition"]["StringEquals"]
    assert conditions["token.actions.githubusercontent.com:sub"] == [
        f"repo:{numbers}:environment:data-release",
        "repo:me/data:environment:data-release",
    ]
    assert conditions["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"


def test_policies_without_a_remote_on_aws(built: Project) -> None:
    """There is nothing to print, and it is said why."""
    done = run(built, "doctor", "--aws-policy", "--github", "me/data", code=2)
    assert "no remote of a release is on AWS" in done.text
