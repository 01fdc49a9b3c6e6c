"""The steps that release datarelease itself: rules, files, and what is asked of GitHub and pip."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from publish import steps
from publish.steps import ReleaseError, Version

ROOT = Path(__file__).parents[3]
ONE = Version.parse("1.2.0")
GH = '''\
#!{python}
"""A stand-in for GitHub's command line: keeps releases and tags in a file."""
import json, pathlib, sys
state = pathlib.Path({state!r})
world = json.loads(state.read_text())
args = sys.argv[1:]
world["calls"].append(args)
code = 0
def names(args):
    return sorted(pathlib.Path(a).name for a in args if a.startswith("/"))
def missing():
    print("gh: Not Found (HTTP 404)" if args[0] == "api" else "release not found", file=sys.stderr)
    return 1
if world.get("down"):
    print("error connecting to api.github.com", file=sys.stderr)
    code = 4
elif args[:2] == ["release", "view"]:
    code = 0 if args[2] in world["releases"] else missing()
elif args[:2] == ["release", "create"]:
    world["releases"][args[2]] = names(a for a in args[3:] if "notes" not in a)
    world["notes"] = pathlib.Path(args[args.index("--notes-file") + 1]).read_text()
    world["tags"].setdefault(args[2], args[args.index("--target") + 1])
elif args[:2] == ["release", "upload"]:
    world["releases"][args[2]] = names(args[3:])
elif "--jq" in args:
    print(world["tags"][args[1].rpartition("/")[2]])
elif args[1].startswith("repos/acme/tool/git/ref/tags/"):
    code = 0 if args[1].rpartition("/")[2] in world["tags"] else missing()
elif "PATCH" in args or "POST" in args:
    fields = dict(a.split("=", 1) for a in args if "=" in a)
    world["tags"][fields.get("ref", args[4]).rpartition("/")[2]] = fields["sha"]
state.write_text(json.dumps(world))
sys.exit(code)
'''


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with what a release reads, at version 1.1.0, which has its tag."""
    root = tmp_path / "checkout"
    files = {
        "pyproject.toml": '[project]\nname = "datarelease"\nversion = "1.1.0"\n',
        "CHANGELOG.md": "# Changes\n\n## Unreleased\n\n- New: a thing.\n\n"
        "## 1.1.0 (2026-01-02)\n\n- Old.\n",
        "src/datarelease/model/project.py": "PUBLISHED: bool = False\n",
        "docs/generate.py": "import sys\nprint('pages', *sys.argv[1:])\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root, "1.1.0")
    git(root, "tag", "v1.1.0")
    return root


def git(root: Path, *arguments: str) -> str:
    """What git prints."""
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(root: Path, message: str) -> str:
    """Everything in the checkout, committed; the commit."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


def prepared(root: Path, version: Version = ONE) -> str:
    """The checkout prepared for ``version``, and committed."""
    steps.prepare(root, version, date(2026, 3, 4))
    return commit(root, f"Prepare {version}")


@pytest.mark.parametrize("text", ["1.2", "v1.2.0", "1.2.0-rc.1", "1.2.0.dev1", "data-v1", ""])
def test_what_is_no_version_of_the_tool_is_refused(text: str) -> None:
    """Two forms are known: three numbers, and three numbers with a candidate's number."""
    with pytest.raises(ReleaseError, match=r"write 1\.2\.0"):
        Version.parse(text)


def test_versions_are_ordered_by_number_and_candidates_come_before_their_release() -> None:
    """As pip orders them; only a release moves the tag of its major."""
    texts = ["0.9.0", "1.2.0rc1", "1.2.0rc10", "1.2.0", "1.10.0", "2.0.0"]
    versions = [Version.parse(text) for text in texts]
    assert all(one < other for one, other in pairwise(versions))
    assert [str(one) for one in versions] == texts
    assert [one.moving_tag for one in versions] == ["v0", None, None, "v1", "v1", "v2"]


def test_preparing_closes_the_changelogs_section_and_sets_version_and_constant(
    checkout: Path,
) -> None:
    """The notes of the release are what stood under Unreleased, which is then empty."""
    steps.prepare(checkout, ONE, date(2026, 3, 4))
    assert steps.version_of(checkout) == ONE
    assert steps.published(checkout)
    assert steps.notes(checkout, ONE) == "- New: a thing."
    found = steps.sections((checkout / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert list(found) == ["Unreleased", "1.2.0 (2026-03-04)", "1.1.0 (2026-01-02)"]
    assert found["Unreleased"] == steps.EMPTY


@pytest.mark.parametrize("text", ["1.1.0", "1.1.0rc3", "0.9.0"])
def test_a_version_that_is_not_newer_is_refused(checkout: Path, text: str) -> None:
    """Nothing is written then."""
    with pytest.raises(ReleaseError, match=r"not newer than 1\.1\.0"):
        steps.prepare(checkout, Version.parse(text), date(2026, 3, 4))
    assert git(checkout, "status", "--porcelain") == ""


def test_nothing_new_is_no_release(checkout: Path) -> None:
    """A second preparation finds the section empty."""
    prepared(checkout)
    with pytest.raises(ReleaseError, match="nothing to release"):
        steps.prepare(checkout, Version.parse("1.3.0"), date(2026, 3, 4))


def test_what_is_prepared_may_be_released_by_the_button_or_by_its_tag(checkout: Path) -> None:
    """On the default branch, on the tag, and once more when the tag is there at this commit."""
    prepared(checkout)
    assert steps.check(checkout, {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}) == ONE
    git(checkout, "tag", "v1.2.0")
    assert steps.check(checkout, {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.2.0"}) == ONE


def test_everything_that_is_wrong_is_said_at_once(checkout: Path) -> None:
    """Another tag than the version, a version without notes, a version of another commit."""
    prepared(checkout)
    path = checkout / "pyproject.toml"
    path.write_text(path.read_text().replace("1.2.0", "1.1.0"), encoding="utf-8")
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("1.1.0 (", "1.0.9 ("), encoding="utf-8")
    constant = checkout / "src/datarelease/model/project.py"
    constant.write_text("PUBLISHED: bool = False\n", encoding="utf-8")
    with pytest.raises(ReleaseError) as caught:
        steps.check(checkout, {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.2.0"})
    said = str(caught.value)
    assert "no section `## 1.1.0 (DATE)`" in said
    assert "nothing is published" in said
    assert "the tag must be v1.1.0" in said
    assert "v1.1.0 marks another commit" in said


def test_an_empty_section_is_no_notes(checkout: Path) -> None:
    """A release says what changed."""
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text("# Changes\n\n## 1.1.0 (2026-01-02)\n\n", encoding="utf-8")
    with pytest.raises(ReleaseError, match="says nothing in its section"):
        steps.notes(checkout, Version.parse("1.1.0"))


# --- GitHub


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-in for `gh` knows, as a file; it is the first on PATH."""
    state = tmp_path / "github.json"
    state.write_text(json.dumps({"releases": {}, "tags": {}, "calls": []}), encoding="utf-8")
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(GH.format(python=sys.executable, state=str(state)), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return state


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A folder with what is attached to a release."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ("datarelease-1.2.0-py3-none-any.whl", "datarelease-1.2.0.tar.gz", "sbom.json"):
        (folder / name).write_text(name, encoding="utf-8")
    return folder


def known(state: Path) -> dict[str, object]:
    """What GitHub has."""
    found: dict[str, object] = json.loads(state.read_text(encoding="utf-8"))
    return found


def test_a_release_gets_its_page_its_tag_and_the_tag_of_its_major(
    checkout: Path, world: Path, dist: Path
) -> None:
    """The page has the changelog's section and every file; both tags mark the commit."""
    sha = prepared(checkout)
    said = steps.announce(checkout, dist, ONE, "acme/tool", sha)
    found = known(world)
    assert found["releases"] == {"v1.2.0": sorted(path.name for path in dist.iterdir())}
    assert found["notes"] == "- New: a thing.\n"
    assert found["tags"] == {"v1.2.0": sha, "v1": sha}
    assert said == ["made the GitHub Release v1.2.0", "v1 marks 1.2.0"]


def test_announcing_again_completes_what_is_missing(
    checkout: Path, world: Path, dist: Path
) -> None:
    """After a failure on the way: the page is there, a file and the moving tag are not."""
    sha = prepared(checkout)
    state = {"releases": {"v1.2.0": []}, "tags": {"v1.2.0": sha, "v1": "0" * 40}, "calls": []}
    world.write_text(json.dumps(state), encoding="utf-8")
    steps.announce(checkout, dist, ONE, "acme/tool", sha)
    found = known(world)
    assert found["releases"] == {"v1.2.0": sorted(path.name for path in dist.iterdir())}
    assert found["tags"] == {"v1.2.0": sha, "v1": sha}


def test_a_tag_at_another_commit_is_never_touched(checkout: Path, world: Path, dist: Path) -> None:
    """The version belongs to that commit."""
    sha = prepared(checkout)
    state = {"releases": {}, "tags": {"v1.2.0": "0" * 40}, "calls": []}
    world.write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(ReleaseError, match=r"v1\.2\.0 marks 0{40} on GitHub"):
        steps.announce(checkout, dist, ONE, "acme/tool", sha)
    assert known(world)["releases"] == {}


def test_an_older_minor_and_a_rehearsal_leave_the_moving_tag(
    checkout: Path, world: Path, dist: Path
) -> None:
    """`v1` marks the newest release of its major, and nothing that is not one."""
    git(checkout, "tag", "v1.10.0")
    sha = prepared(checkout)
    assert steps.announce(checkout, dist, ONE, "acme/tool", sha)[-1].startswith("left the tags")
    assert known(world)["tags"] == {"v1.2.0": sha}
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(steps.EMPTY, "- More."), encoding="utf-8")
    candidate = Version.parse("2.0.0rc1")
    sha = prepared(checkout, candidate)
    steps.announce(checkout, dist, candidate, "acme/tool", sha)
    found = known(world)
    assert found["tags"] == {"v1.2.0": git(checkout, "rev-parse", "HEAD~1"), "v2.0.0rc1": sha}
    [create] = [
        call for call in found["calls"] if call[:3] == ["release", "create", "v2.0.0rc1"]  # type: ignore[attr-defined]
    ]  # fmt: skip
    assert "--prerelease" in create


def test_a_github_that_does_not_answer_is_not_a_missing_tag(
    checkout: Path, world: Path, dist: Path
) -> None:
    """The step fails; it does not make what may be there."""
    sha = prepared(checkout)
    world.write_text(json.dumps({"down": True, "calls": []}), encoding="utf-8")
    with pytest.raises(ReleaseError, match="error connecting"):
        steps.announce(checkout, dist, ONE, "acme/tool", sha)


# --- pages


def test_the_commands_that_releasing_md_shows_are_there() -> None:
    """Each target of the Makefile exists, and each step takes what the page gives it."""
    text = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    typed = re.findall(
        r"^ *\$ (make|\.venv/bin/python publish/steps\.py) (.+)$", text, flags=re.MULTILINE
    )
    assert {"make", ".venv/bin/python publish/steps.py"} == {program for program, _ in typed}
    for program, arguments in typed:
        if program == "make":
            assert re.search(rf"^{re.escape(arguments)}:", makefile, flags=re.MULTILINE), arguments
        else:
            assert steps.parser().parse_args(arguments.split()).step == "prepare"


def test_releasing_md_tells_of_each_job_in_its_order() -> None:
    """The table of what happens has the jobs of the workflow, and what to do has each of them."""
    text = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
    workflow = (ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8")
    jobs = list(yaml.safe_load(workflow)["jobs"])
    happens, fails = text.split("## When a job fails")
    assert re.findall(r"^\| `(\w+)` \|", happens, flags=re.MULTILINE) == jobs
    assert list(dict.fromkeys(re.findall(r"^\| `(\w+)`", fails, flags=re.MULTILINE))) == jobs


@pytest.mark.slow  # reads every page; before a publication
def test_preparing_this_repository_leaves_no_page_that_speaks_of_a_checkout(
    tmp_path: Path,
) -> None:
    """Every page installs by name, workflows name the version, none says "not published"."""
    copy = tmp_path / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        left_out = name.startswith(("tests/", "requirements/", "reports/"))
        # The reference shows golden files, and it is written again.
        if (ROOT / name).is_file() and (name.startswith("tests/golden/") or not left_out):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    steps.prepare(copy, Version.parse("7.8.9"), date(2026, 3, 4))
    for page in [copy / "README.md", *(copy / "docs").rglob("*.md")]:
        text = " ".join(page.read_text(encoding="utf-8").split())
        where = page.relative_to(copy)
        assert not re.search(r"pip3? install (?:-\S+ )*['\"]?\./datarelease", text), where
        assert "@COMMIT" not in text, where
        assert not re.search(r"not published yet|is published yet", text), where
    readme = (copy / "README.md").read_text(encoding="utf-8")
    assert "pip install 'datarelease[s3]'" in readme
