"""What every test stands on: an environment of its own, and servers and projects when asked for."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tests import forks
from tests.broker import Broker, shared_broker
from tests.copies import copy_tree
from tests.forge.gitdir import WorkTree
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer, running_github
from tests.goldens import UPDATE, Golden
from tests.log_records import LogRecords
from tests.project import Project, make_template
from tests.properties import register_profiles
from tests.remote_servers import RemoteServers
from tests.servers import Bucket, S3Server, running_s3

register_profiles()

REF = f"v{version('datarelease')}"
"""The version of the tool that adopted repositories name, whatever is checked out here."""
FOREIGN = ("AWS_", "GIT_", "DVC_", "GITHUB_", "XDG_", "DATARELEASE_", "RUNNER_")
"""Variables of the caller that would change what the programs under test do."""
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy"}
GITCONFIG = """\
[user]
	name = Test Person
	email = test@example.com
[init]
	defaultBranch = main
	templateDir =
[core]
	quotePath = true
	fsync = none
[gc]
	auto = 0
[receive]
	autogc = false
[maintenance]
	auto = false
[protocol "file"]
	allow = always
[safe]
	directory = *
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the golden files again."""
    parser.addoption(UPDATE, action="store_true", help="write the files in tests/golden again")


def hermetic_environment(home: Path) -> dict[str, str]:
    """The environment of a person whose home is ``home`` and who has nothing else set up."""
    home.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text(GITCONFIG)
    return _environment_at(home)


def _environment_at(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and name.lower() not in PROXIES and name != "CI"
    }
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "TZ": "Asia/Kathmandu",  # 5:45 ahead: whoever mixes up local time and UTC is found out
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "DVC_SITE_CACHE_DIR": str(home / "dvc-site-cache"),
        "DVC_GLOBAL_CONFIG_DIR": str(home / "dvc-global"),
        "DVC_SYSTEM_CONFIG_DIR": str(home / "dvc-system"),
        "DVC_NO_ANALYTICS": "1",
        "DATARELEASE_REF": REF,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"),
    }


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Have all workers of pytest-xdist ask one process for forks, started with the first worker."""
    _UNTOUCHED[:] = _UNTOUCHED or [Path(tempfile.mkdtemp(prefix="home-"))]
    with environment(hermetic_environment(_UNTOUCHED[0])):
        node.workerinput["forks"] = str(forks.server_folder())


def pytest_configure(config: pytest.Config) -> None:
    """Keep what is logged; in a worker, use that process."""
    config.pluginmanager.register(LogRecords())
    shared = getattr(config, "workerinput", {}).get("forks")
    if shared is not None:
        forks.share(Path(shared))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of garbage pass over what a collection of tests loads.

    All of it lives until the end. Walking it again and again took a sixth of the processor time.
    What tests make is looked at less often than Python would, which took a thirtieth.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        gc.enable()


def pytest_unconfigure() -> None:
    """Let go of it at the exit, when DuckDB's bindings report what nothing collected.

    Pytest collects garbage several times before.
    """
    atexit.register(gc.unfreeze)
    while _UNTOUCHED:
        shutil.rmtree(_UNTOUCHED.pop(), ignore_errors=True)


_UNTOUCHED: list[Path] = []
"""A home that a test left as it found it: the next test has it, too.

To make and remove one for each of thousands of tests took a fifth of the time of small ones.
"""


def _is_untouched(home: Path) -> bool:
    config = home / ".gitconfig"
    try:
        return os.listdir(home) == [config.name] and config.read_text() == GITCONFIG  # noqa: PTH208 - often
    except OSError:
        return False


@contextmanager
def environment(env: dict[str, str]) -> Iterator[None]:
    """The block runs under ``env``; for what is made once, outside of any test."""
    before = dict(os.environ)
    _change_environment(env)
    try:
        yield
    finally:
        _change_environment(before)


def _change_environment(env: Mapping[str, str]) -> None:
    """Have the environment be ``env``; a variable that has its value already is left alone.

    Nearly all have, before and after each of thousands of tests.
    """
    there = dict(os.environ)
    for name in there.keys() - env.keys():
        del os.environ[name]
    os.environ.update({name: env[name] for name in env if there.get(name) != env[name]})


@pytest.fixture(autouse=True)
def home() -> Iterator[Path]:
    """A home of its own for each test, and an environment that leads nowhere else."""
    before = dict(os.environ)
    if _UNTOUCHED:
        folder = _UNTOUCHED.pop()
        environment = _environment_at(folder)
    else:
        folder = Path(tempfile.mkdtemp(prefix="home-"))
        environment = hermetic_environment(folder)
    _change_environment(environment)
    time.tzset()
    try:
        yield folder
    finally:
        _change_environment(before)
        time.tzset()
        if _is_untouched(folder):
            _UNTOUCHED.append(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def transcripts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Golden]:
    """Keeps runs of commands for the reference, and compares them at the end of the test."""
    story = Golden("transcripts", tmp_path, update=request.config.getoption(UPDATE))
    yield story
    story.compare_shown()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, one for each worker, started when the first test asks for it."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(s3_server: S3Server) -> Bucket:
    """An empty bucket with keys that fit no other."""
    return s3_server.bucket()


@pytest.fixture(scope="session")
def remote_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteServers]:
    """Servers of the other kinds of remotes, each started when the first test asks for it."""
    with ExitStack() as stack:
        yield RemoteServers(tmp_path_factory.mktemp("remotes"), stack)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka broker, one for each worker; a topic of its own for each test comes from it."""
    with shared_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture(scope="session")
def project_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose pipeline has run once, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    return make_template(folder, hermetic_environment(folder / "home"), events=True)


@pytest.fixture(scope="session")
def one_dataset_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with people alone."""
    folder = tmp_path_factory.mktemp("one-dataset")
    return make_template(folder, hermetic_environment(folder / "home"), events=False)


def chosen(request: pytest.FixtureRequest, one: str, two: str) -> Path:
    """What the fixture ``two`` made, or ``one`` where the test or its module is marked so."""
    names = {"one_dataset": one, "two_datasets": two}
    marks = (names[mark.name] for mark in request.node.iter_markers() if mark.name in names)
    made: Path = request.getfixturevalue(next(marks, two))
    return made


@pytest.fixture
def make_project(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Project]:
    """Makes projects, each with an origin and a directory as remote of its own."""
    template = chosen(request, "one_dataset_template", "project_template")

    def make(name: str = "project") -> Project:
        return Project.copied(template, tmp_path / name)

    return make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A project whose first data are built, committed and at its origin, not yet released."""
    return make_project()


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """A GitHub of the test's own, trusted by everything; nothing wrong may be said on it."""
    with running_github(tmp_path / "github") as server:
        for name, value in server.trust.items():
            monkeypatch.setenv(name, value)
        yield server
        assert server.violations == []


@pytest.fixture(scope="session")
def two_branches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the branches main and topic, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("two-branches")
    with environment(hermetic_environment(folder / "home")):
        work = WorkTree.made(folder / "work", {"a.txt": "1\n"})
        work.commit({"b.txt": "2\n"}, branch="topic")
    return work.path


@pytest.fixture
def work(two_branches: Path, tmp_path: Path) -> WorkTree:
    """A repository with main and topic, one commit ahead, which is checked out."""
    return WorkTree(path=copy_tree(two_branches, tmp_path / "work"))


@pytest.fixture
def repo(github: GitHubServer, work: WorkTree) -> Repository:
    """A public repository of acme with the branches main and topic."""
    return github.world.repository("acme/data", source=work.path)


@pytest.fixture
def pull(github: GitHubServer, repo: Repository) -> Pull:
    """An open pull request from topic."""
    return github.world.opened(repo, branch="topic", title="More data", login="ann")
