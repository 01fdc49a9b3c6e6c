"""A broken world: each fault has its exit code and a message that names it, never a traceback."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.commands import Done, run
from tests.flows.conftest import Copy
from tests.project import Project
from tests.servers import Bucket, S3Server
from tests.versions import tags

from datarelease.cli import main
from datarelease.cli.workflow import tell_error
from datarelease.errors import ConfigError, WorldError

pytestmark = pytest.mark.one_dataset

Break = Callable[[Project], object]


def artifact(project: Project, **changes: object) -> None:
    """Edit the dataset `people` in dvc.yaml."""
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"].update(changes)
    project.write("dvc.yaml", yaml.safe_dump(declared))


def with_schema(text: str) -> Break:
    """A schema file with this text, named by the dataset `people`."""

    def break_it(project: Project) -> None:
        project.write("schemas/people.yaml", text)
        artifact(project, meta={"schema": "schemas/people.yaml"})

    return break_it


def replaced(path: str, before: str, after: str) -> Break:
    """One piece of a file, replaced."""

    def break_it(project: Project) -> None:
        text = (project.root / path).read_text()
        assert before in text
        project.write(path, text.replace(before, after))

    return break_it


SCHEMA = "schema_type: dataframe\nversion: 0.35.0\ncolumns:\n  id: {dtype: int64}\n"
Row = tuple[str, Break, tuple[str, ...]]
SETTINGS: list[Row] = [
    ("params no YAML", lambda p: p.write("params.yaml", "a: [1\nb: 2\n"),
     ("params.yaml", "line 2")),
    ("params no mapping", lambda p: p.write("params.yaml", "- 1\n"), ("params.yaml", "mapping")),
    ("params no UTF-8", lambda p: p.write("params.yaml", b"a: \xff\xfe\n"),
     ("params.yaml", "UTF-8")),
    ("params a key twice", lambda p: p.write("params.yaml", "make: {}\nmake: {}\n"),
     ("params.yaml", "'make' occurs twice")),
    ("release misspelt", replaced("params.yaml", "release:", "relese:"),
     ("params.yaml: relese", "did you mean 'release'?")),
    ("unknown rule", lambda p: p.release_settings(policy={"psy": 1}),
     ("release.policy.psy", "did you mean 'psi'?")),
    ("wrong level", lambda p: p.release_settings(policy={"psi": {"level": "stop"}}),
     ("release.policy.psi.level",)),
    ("unknown dataset in a rule",
     lambda p: p.release_settings(policy={"rows": {"datasets": {"peple": {"min": 1}}}}),
     ("peple", "did you mean 'people'?")),
    ("unknown remote", lambda p: p.release_settings(remotes=["nowhere"]), ("nowhere", "storage")),
    ("dvc.yaml no YAML", lambda p: p.write("dvc.yaml", "stages: {\n"), ("dvc.yaml",)),
    ("dvc.yaml gone", lambda p: (p.root / "dvc.yaml").unlink(), ("dvc.yaml",)),
    ("no dataset", lambda p: p.write("dvc.yaml", "stages: {}\n"),
     ("artifacts", "no dataset is declared")),
    ("type misspelt", lambda p: artifact(p, type="datset"),
     ("artifacts.people.type", "did you mean 'dataset'?")),
    ("meta misspelt", lambda p: artifact(p, meta={"schma": "x"}),
     ("artifacts.people.meta.schma", "did you mean 'schema'?")),
    ("path untracked", lambda p: artifact(p, path="data/peopel.csv"),
     ("data/peopel.csv", "did you mean 'data/people.csv'?")),
    ("path outside", lambda p: artifact(p, path="../x.csv"),
     ("artifacts.people.path", "inside the repository")),
    ("schema missing", lambda p: artifact(p, meta={"schema": "schemas/none.yaml"}),
     ("schemas/none.yaml",)),
    ("schema no YAML", with_schema("columns: [\n"), ("schemas/people.yaml",)),
    ("schema with an unknown key",
     with_schema(SCHEMA.replace("dtype: int64", "dtype: int64, nulable: true")),
     ("schemas/people.yaml", "nulable")),
    ("schema with an unknown check",
     with_schema(SCHEMA.replace("int64", "int64, checks: {in_rnage: {min_value: 1}}")),
     ("schemas/people.yaml", "in_rnage")),
    ("lock no YAML", lambda p: p.write("dvc.lock", "schema: '2.0'\nstages: [\n"), ("dvc.lock",)),
    ("lock nonsense", lambda p: p.write("dvc.lock", "schema: '2.0'\nstages: 7\n"), ("dvc.lock",)),
    (".dvc file no YAML", lambda p: p.write("data/extra.csv.dvc", "outs: {\n"),
     ("data/extra.csv.dvc",)),
    ("a stage misspelt", replaced("dvc.yaml", "cmd: python", "cmdd: python"),
     ("dvc.yaml", "stages.make.cmdd", "extra keys")),
    (".dvc/config broken", lambda p: p.write(".dvc/config", "[core\nremote = x\n"),
     (".dvc/config",)),
    (".dvc/config with nonsense",
     lambda p: p.write(".dvc/config", "['remote \"storage\"']\n    urll = x\n"),
     ("storage", "'url'")),
]  # fmt: skip


def assert_told(done: Done, *words: str) -> None:
    """The error names every word, in what comes after ``error:``."""
    told = done.text.partition("error: ")[2]
    assert told, done.err
    for word in words:
        assert word in told, told


@pytest.mark.parametrize(
    ("break_it", "words"), [row[1:] for row in SETTINGS], ids=[row[0] for row in SETTINGS]
)
def test_a_broken_file_is_named(released: Project, break_it: Break, words: tuple[str, ...]) -> None:
    """Whatever file is broken: exit 2 with its name and the place."""
    break_it(released)
    released.commit("Break it")
    # A release begins with the check, and they part after it: one of the two is enough.
    command = "check" if len(words[0]) % 2 else "release"
    assert_told(run(released, command, code=2), *words)
    assert tags(released) == ["data-v1"]


@pytest.mark.parametrize(
    "meta",
    [
        pytest.param({"key": ["idd"]}, id="key"),
        pytest.param({"pii": ["emial"]}, id="pii", marks=pytest.mark.slow),
    ],
)
def test_a_column_that_is_not_there_blocks(built: Project, meta: dict[str, list[str]]) -> None:
    """A misspelt key or pii column is reported with the dataset, before anything is released."""
    artifact(built, meta=meta)
    built.commit("Misspelt")
    run(built, "check", code=1)
    [[name]] = meta.values()
    assert name in (built.root / "reports/report.md").read_text()
    run(built, "release", code=1)
    assert tags(built) == []


def test_all_problems_of_both_files_are_shown_at_once(released: Project) -> None:
    """Every fault in dvc.yaml and params.yaml stands in one message."""
    artifact(released, path="/x", meta={"schma": "x"})
    released.release_settings(policy={"psy": 1, "rows": {"min": "many"}}, remote="x")
    told = run(released, "check", code=2)
    assert_told(
        told, "5 problems", "artifacts.people.path", "meta.schma", "policy.psy",
        "policy.rows.min", "release.remote",
    )  # fmt: skip


READING = [("list",), ("show", "1"), ("diff", "1", "1"), ("get", "1", "out"), ("verify", "1")]


@pytest.mark.parametrize(
    "command", [*READING, ("check",), ("release",), ("rollback", "1")], ids=" ".join
)
def test_outside_of_any_repository(tmp_path: Path, command: tuple[str, ...]) -> None:
    """No DVC repository around: exit 2, and what to do."""
    assert_told(run(tmp_path, *command, code=2), "not inside a DVC repository", "dvc init")


@pytest.mark.parametrize("command", [("check",), ("release",), ("list",)], ids=" ".join)
def test_without_git(built: Project, command: tuple[str, ...]) -> None:
    """A DVC repository without git has no versions: exit 2."""
    shutil.rmtree(built.root / ".git")
    assert_told(run(built, *command, code=2), "not inside a git repository")


def test_without_a_commit(built: Project) -> None:
    """Nothing committed yet: the check works on the work tree, the release says what is missing."""
    shutil.rmtree(built.root / ".git")
    built.git("init", "--quiet")
    built.git("remote", "add", "origin", str(built.origin))
    assert run(built, "check", "--json").json["outcome"] == "first"
    assert_told(run(built, "release", code=2), "no commit")


def test_without_an_origin(built: Project) -> None:
    """The check works and says where versions come from; the release needs a place: exit 2."""
    built.git("remote", "remove", "origin")
    report = run(built, "check", "--json").json
    assert any("origin" in note for note in report["notes"])
    assert_told(run(built, "release", code=2), "'origin'", "git remote add origin")
    assert run(built, "list", "--json").json == []


def test_with_an_origin_that_does_not_answer(released: Project) -> None:
    """Exit 3, the remote's name, nothing lost; when it answers again, all is well."""
    released.origin.rename(released.origin.with_name("away"))
    for command in (("check",), ("release",), ("list",), ("verify", "1"), ("rollback", "1")):
        assert_told(run(released, *command, code=3), "'origin'")
    released.origin.with_name("away").rename(released.origin)
    assert run(released, "release", "--json").json["released"] is False


def test_before_the_first_version(built: Project, tmp_path: Path) -> None:
    """Nothing is released yet: an empty list, from a shallow clone and from an address alike."""
    shallow = built.clone(tmp_path / "shallow", "--depth=1")
    assert run(shallow, "list", "--json").json == []
    assert run(tmp_path, "list", "--repo", f"file://{built.origin}", "--json").json == []


@pytest.mark.parametrize("lacking", ["GITHUB_SERVER_URL", "GITHUB_EVENT_PATH"])
def test_a_run_that_tells_too_little_of_itself(
    built: Project, tmp_path: Path, lacking: str
) -> None:
    """Whatever a runner does not say, an error is printed with its exit code, in every command."""
    env = {
        "GITHUB_ACTIONS": "true", "GITHUB_API_URL": "x", "GITHUB_REPOSITORY": "a/b",
        "GITHUB_EVENT_NAME": "push", "GITHUB_SHA": "0" * 40,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }  # fmt: skip
    if lacking == "GITHUB_EVENT_PATH":
        env |= {"GITHUB_SERVER_URL": "x", "GITHUB_EVENT_PATH": str(tmp_path / "no event")}
    done = run(built, "list", code=2, env=env)
    assert_told(done, "Nothing was changed")
    assert "::error title=datarelease::" in done.err


def test_a_summary_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error is annotated nevertheless, whatever its text holds."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for name in ("SERVER_URL", "API_URL", "REPOSITORY", "EVENT_NAME", "SHA"):
        monkeypatch.setenv(f"GITHUB_{name}", "x")
    for summary in (tmp_path, tmp_path / "summary"):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
        tell_error(WorldError("no file 'a\udcff'"))
        assert "::error title=datarelease::no file" in capsys.readouterr().err
    assert "no file" in (tmp_path / "summary").read_text()


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, text: str) -> int:  # noqa: ARG002 - nothing is kept
        """Fails as the system does."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("command", [("list",), ("list", "--nope")], ids=" ".join)
def test_an_error_that_nobody_can_read_keeps_its_exit_code(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard error is a closed pipe or a full disk: the exit code still tells."""
    monkeypatch.setattr(sys, "argv", ["datarelease", *command])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stderr", Full())
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ConfigError.exit_code


def test_without_a_remote(built: Project) -> None:
    """No DVC remote: the check works, release and reading say how to add one, exit 2."""
    built.write(".dvc/config", "[core]\n    analytics = false\n")
    built.commit("No remote")
    built.push()
    run(built, "check")
    assert_told(run(built, "release", code=2), "datarelease init --remote ADDRESS")


def test_a_missing_dataset_file(released: Project, tmp_path: Path) -> None:
    """Data that is neither here nor on the remote: exit 3 with the object; nothing is made up.

    A check needs the data of a version only where its documents are lost, too; a release looks for
    every object.
    """
    clone = released.clone(tmp_path / "clone")
    shutil.rmtree(released.remote / "files")
    assert_told(run(clone, "release", code=3), "files/md5/")
    shutil.rmtree(clone.root / ".dvc/cache")
    shutil.rmtree(released.remote / "releases")
    done = run(clone, "check", code=3)
    assert_told(done, "neither in DVC's cache nor on a remote (storage)", "files/md5/")


def test_while_dvc_is_at_work(released: Project) -> None:
    """Another DVC process holds the repository: exit 3, wait and run again."""
    program = (
        "import sys\nfrom dvc.repo import Repo\n"
        "with Repo('.').lock:\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], cwd=released.root, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        done = run(released, "check", code=3)
        assert_told(done, "Another DVC process", f"process {holder.pid} (")
    finally:
        holder.communicate(b"")


def test_an_unknown_version_or_dataset(released: Project) -> None:
    """A version or dataset that is not there: exit 2 with those that are."""
    assert_told(run(released, "show", "7", code=2), "'7'", "data-v1")
    assert_told(run(released, "show", "first", code=2), "'first' is not a version")
    assert_told(run(released, "check", "--base", "data-v9", code=2), "data-v9", "data-v1")
    done = run(released, "get", "1", "out", "--dataset", "peple", code=2)
    assert_told(done, "'peple'", "Did you mean 'people'?")
    assert_told(run(released, "validate", "peple", code=2), "Did you mean 'people'?")


def test_usage_errors(released: Project) -> None:
    """An unknown command or option is exit 2 and names it."""
    assert "relase" in run(released, "relase", code=2).err
    assert "--nope" in run(released, "check", "--nope", code=2).err
    assert "--reason" in run(released, "yank", "1", code=2).err


@pytest.mark.parametrize("fault", ["keys", "secret", "bucket", "endpoint", "reader"])
def test_an_s3_remote_that_refuses(
    copy: Copy, bucket: Bucket, s3_server: S3Server, fault: str
) -> None:
    """Wrong or no keys, no bucket, no endpoint: exit 3 with the remote and a remedy, no secret."""
    from dataclasses import replace

    project = copy("template")
    place, keys = bucket, bucket.keys
    if fault == "bucket":
        place = s3_server.missing_bucket()
        keys = place.keys
    if fault == "secret":
        keys = replace(keys, secret="wrong-secret")
    if fault == "reader":
        keys = bucket.reader
    if fault == "endpoint":
        place = replace(bucket, endpoint="http://127.0.0.1:9")
    project.use_bucket(place, keys=keys)
    if fault == "keys":
        (project.root / ".dvc/config.local").unlink()
    project.commit("Data on S3", ".dvc/config")
    project.push()
    done = run(project, "release", code=3)
    assert_told(done, "remote 'storage'", place.name, "next: ")
    assert "secret" not in done.text.replace("AWS_SECRET_ACCESS_KEY", "")
    assert tags(project) == []


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("s3://bucket/x", {"version_aware": "true"}, "--unset version_aware"),
        ("s3://bucket/x", {"worktree": "true"}, "cloud-versioned"),
        ("azure://c/x", {"version_aware": "true", "account_name": "data"}, "cloud-versioned"),
        ("https://host/x", {}, "dvc remote modify other method PUT"),
    ],
    ids=["version-aware", "worktree", "azure", "http"],
)
def test_a_remote_that_cannot_be_released_to_is_refused(
    project: Project, url: str, options: dict[str, str], words: str
) -> None:
    """By the check, with the reason and the way out, and nobody is asked."""
    project.add_remote("other", url, default=True, **options)
    done = run(project, "check", code=2)
    assert_told(done, "remote 'other'", words)


def test_a_file_in_the_way_of_the_reports(released: Project) -> None:
    """A file called `reports` is the user's to move: exit 2 with its name."""
    released.write("reports", "a file")
    assert_told(run(released, "check", code=2), "reports")


def test_a_delta_table_is_named(built: Project) -> None:
    """Its dropped files are beside those that count: refused, with what can be released instead."""
    built.write("data/sales/_delta_log/00000000000000000000.json", "{}")
    built.write("data/sales/part-00000.parquet", "x")
    built.dvc("add", "--quiet", "data/sales")
    artifact(built, path="data/sales", meta={})
    done = run(built, "check", code=2)
    assert "'data/sales' is a Delta table, and datarelease does not read its log" in done.err
    assert "plain Parquet" in done.err
