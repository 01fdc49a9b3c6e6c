"""CML as we call it: what it is given, what it leaves behind, and which comment it writes.

``CML_BIN`` names another program than the stand-in, the real one for instance.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer

from datarelease.adapters.github.cml import Cml, is_marked, speaks_to, watermark, with_watermark
from datarelease.errors import ConfigError, WorldError
from datarelease.model.github import BOT

STAND_IN = Path(__file__).parents[1] / "forge" / "cml"
SHA = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "ghs_plantedsecret"


@pytest.fixture
def program() -> str:
    """The program under test."""
    return os.environ.get("CML_BIN") or str(STAND_IN)


def cml_at(github: GitHubServer, program: str) -> Cml:
    """CML in a job of acme/data."""
    return Cml(
        program,
        server=github.url,
        repository="acme/data",
        token=github.world.workflow_token("acme/data", {"pull-requests": "write"}),
        env=os.environ,
    )


def bodies(repo: Repository, number: int) -> list[str]:
    """The comments on a pull request."""
    return [comment.body for comment in repo.comments_on(number)]


def test_it_creates_the_comment_and_updates_it_in_place(
    github: GitHubServer, repo: Repository, pull: Pull, program: str
) -> None:
    """Character by character what the built-in poster would write."""
    cml = cml_at(github, program)
    cml.update(pull.number, "### one\n\n| a | b |\n", sha=SHA)
    assert bodies(repo, pull.number) == [with_watermark("### one\n\n| a | b |\n", SHA)]
    cml.update(pull.number, "### two ✅ ▁▂▃\n", sha="f" * 40)
    assert bodies(repo, pull.number) == [with_watermark("### two ✅ ▁▂▃\n", "f" * 40)]
    assert {comment.user.login for comment in repo.comments_on(pull.number)} == {BOT}


def test_it_finds_what_the_built_in_poster_wrote(
    github: GitHubServer, repo: Repository, pull: Pull, program: str
) -> None:
    """Both write the same watermark, so both keep to one comment."""
    github.world.comment(repo, pull.number, login=BOT, body=with_watermark("old", SHA))
    cml_at(github, program).update(pull.number, "new\n", sha=SHA)
    assert bodies(repo, pull.number) == [with_watermark("new\n", SHA)]


def test_it_is_blind_to_the_author_and_beyond_thirty_comments(
    github: GitHubServer, repo: Repository, pull: Pull, program: str
) -> None:
    """The two faults for which we look before calling it."""
    theirs = github.world.comment(repo, pull.number, login="eve", body=with_watermark("fake", SHA))
    cml = cml_at(github, program)
    cml.update(pull.number, "mine\n", sha=SHA)
    assert [(it.user.login, it.body) for it in repo.comments_on(pull.number)] == [
        ("eve", with_watermark("mine\n", SHA))
    ]
    del repo.comments[theirs.id]
    for number in range(30):
        github.world.comment(repo, pull.number, login="ann", body=f"comment {number}")
    github.world.comment(repo, pull.number, login=BOT, body=with_watermark("ours", SHA))
    cml.update(pull.number, "mine\n", sha=SHA)
    assert sum(map(is_marked, bodies(repo, pull.number))) == 2


def test_it_fails_where_github_refuses(github: GitHubServer, pull: Pull, program: str) -> None:
    """A failure of the API is a failure of the program, told in one line without the token."""
    github.fail("POST", "/comments$", 403, 9, message="Resource not accessible by integration")
    with pytest.raises(WorldError, match="CML failed") as caught:
        cml_at(github, program).update(pull.number, "x\n", sha=SHA)
    assert "\n" not in str(caught.value)
    assert "ghs_" not in str(caught.value)


def recording(folder: Path, *, then: str = "") -> str:
    """A program that writes down what it was given, and then does ``then`` (Python)."""
    program = folder / "recording"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, os, pathlib, subprocess, sys\n"
        "subprocess.run('git config --global --add safe.directory *'.split(), check=True)\n"
        f"pathlib.Path({str(folder / 'seen.json')!r}).write_text(json.dumps({{\n"
        "    'argv': sys.argv[1:], 'env': dict(os.environ), 'cwd': os.getcwd(),\n"
        "    'text': pathlib.Path(sys.argv[-1]).read_text(),\n"
        "}}))\n".replace("}}", "}")
        + then
    )
    program.chmod(0o755)
    return str(program)


def called(folder: Path, *, then: str = "", seconds: float = 20) -> dict[str, object]:
    """What a recording program was given."""
    Cml(
        recording(folder, then=then),
        server="https://github.com",
        repository="acme/data",
        token=TOKEN,
        env=os.environ,
        seconds=seconds,
    ).update(7, "text\n", sha=SHA)
    seen: dict[str, object] = json.loads((folder / "seen.json").read_text())
    return seen


def test_the_token_travels_by_environment_only(tmp_path: Path) -> None:
    """Arguments are seen by every process of the machine."""
    seen = called(tmp_path)
    argv, env = seen["argv"], seen["env"]
    assert isinstance(argv, list)
    assert isinstance(env, dict)
    assert argv[:-1] == [
        "comment", "update", "--repo=https://github.com/acme/data", "--target=pr/7",
        "--publish=false", "--watermark-title=datarelease",
    ]  # fmt: skip
    assert TOKEN not in " ".join(argv)
    assert {name for name, value in env.items() if TOKEN in value} == {"REPO_TOKEN"}
    assert seen["text"] == "text\n"


def test_its_environment_is_its_own(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No secret, no option of CML's and no event reaches it, and telemetry is off."""
    for name in ("AWS_SECRET_ACCESS_KEY", "CML_PUBLISH", "CML_COMMENT_TARGET", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    before = (home / ".gitconfig").read_text()
    seen = called(tmp_path)
    env = seen["env"]
    assert isinstance(env, dict)
    assert "planted" not in env.values()
    assert env["ITERATIVE_DO_NOT_TRACK"] == "1"
    assert env["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert env["GITHUB_SHA"] == SHA
    assert env["HOME"] != str(home)
    # What it does to the git configuration of its user goes with its home.
    assert (home / ".gitconfig").read_text() == before
    assert not Path(env["HOME"]).exists()
    assert Path(str(seen["cwd"])) != Path.cwd()


def test_one_that_hangs_is_stopped(tmp_path: Path) -> None:
    """Its time is bounded."""
    with pytest.raises(WorldError, match=r"did not end within 0\.5 seconds"):
        called(tmp_path, then="import time; time.sleep(60)\n", seconds=0.5)


def test_what_it_says_when_it_fails_is_told_without_the_token(tmp_path: Path) -> None:
    """One line, however much it says."""
    then = "sys.exit('no\\n::error::x ' + os.environ['REPO_TOKEN'] + ' y' * 999)\n"
    with pytest.raises(WorldError, match="CML failed \\(exit 1\\): no ::error::x") as caught:
        called(tmp_path, then=then)
    assert TOKEN not in str(caught.value)
    assert len(str(caught.value).splitlines()[0]) < 400
    assert len(str(caught.value).splitlines()) == 1


def test_one_that_is_not_there_is_said() -> None:
    """The caller goes on without it."""
    cml = Cml(
        "/nowhere/cml", server="https://github.com", repository="a/b", token="t", env=os.environ
    )
    with pytest.raises(ConfigError, match="was not found"):
        cml.update(1, "x", sha=SHA)


@pytest.mark.parametrize(
    ("server", "api", "right"),
    [
        ("https://github.com", "https://api.github.com", True),
        ("https://git.example", "https://git.example/api/v3", True),
        ("https://acme.ghe.com", "https://api.acme.ghe.com", False),
        ("https://localhost:8443", "https://localhost:8443/api/v3", True),
    ],
)
def test_whether_it_knows_the_api(server: str, api: str, right: bool) -> None:  # noqa: FBT001
    """CML makes up the address of the API itself."""
    assert speaks_to(server, api) is right


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        (with_watermark("text", SHA), True),
        ("text\n\n" + watermark(SHA, "other"), False),
        ("text\n\n" + watermark(SHA, ""), False),
        (with_watermark("text", SHA).replace("#" + SHA, ""), False),
        (with_watermark("text", SHA).replace("cml.dev", "cmlxdev"), False),
        ("", False),
    ],
)
def test_our_watermark_is_told_from_others(body: str, ours: bool) -> None:  # noqa: FBT001
    """As CML tells them: its address, any commit, exactly our title."""
    assert is_marked(body) is ours


def test_a_watermark_without_a_commit_is_an_error() -> None:
    """CML would not find such a comment again and add one each time."""
    with pytest.raises(ValueError, match="no commit"):
        watermark("")
