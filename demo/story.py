"""The story of four pull requests, played on one machine with no account and no network.

A team keeps customers in git and DVC: a first version, an edit of params.yaml whose comment shows
what changes, bad data that is blocked, and a roll-back. `python -m demo.story` plays it in
build/demo and starts afresh each time. Belongs here: what is told. Does not: how the comment looks
(`demo.comment`) and how programs are run (`demo.play`).
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from demo.comment import in_browser, in_terminal
from demo.play import Stage, chapter, say, show, typed
from rich.panel import Panel

ROOT = Path(__file__).resolve().parent.parent
STAGE = Stage(ROOT / "build" / "demo")
PIPELINE = (
    "dvc.yaml", "params.yaml", "schemas", "src/customers", "src/make_tabular_data.py",
    "src/profile_tabular.py", "data/.gitignore", ".dvc/.gitignore", ".dvcignore",
)  # fmt: skip
CONFIG = """\
[core]
    remote = storage
    analytics = false
    check_update = false
['remote "storage"']
    url = {url}
    verify = true
"""
NEXT = (
    ("See what changed between two versions", ("datarelease diff data-v1 data-v2",)),
    (
        "Make a change of your own and read its report",
        (
            "git switch --create my-change",
            "sed -i.bak 's/churn_rate: .*/churn_rate: 0.30/' params.yaml",
            "datarelease check",
        ),
    ),
    (
        "Withdraw a version, and see what its readers are told",
        (
            "datarelease yank data-v2 --reason 'The prices were wrong'",
            "datarelease list",
        ),
    ),
)
"""What the end proposes: a title, and commands that work in the clone one after another."""


def main() -> None:
    """Play the story; any step that ends otherwise than told stops it."""
    say(
        "A small team keeps a table of customers. The code is in git, the data is in a DVC remote, "
        "and datarelease makes the versions of the data. You see four pull requests of this team. "
        "It takes about a minute. Nothing leaves this machine."
    )
    repository()
    first_version()
    change_of_prices()
    bad_data()
    roll_back()
    reader()
    the_end()


def repository() -> None:
    """A bare origin, a directory as DVC remote, and a clone with the pipeline."""
    chapter("The repository")
    STAGE.clear()
    STAGE.git("init", "--quiet", "--bare", "--initial-branch=main", str(STAGE.origin), cwd=ROOT)
    STAGE.git("clone", "--quiet", str(STAGE.origin), str(STAGE.work), cwd=ROOT)
    STAGE.git("switch", "--quiet", "--orphan", "main")
    STAGE.git("config", "user.name", "Demo")
    STAGE.git("config", "user.email", "demo@example.com")
    for name in PIPELINE:
        target = STAGE.work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, target)
    config = CONFIG.format(url=STAGE.remote)
    (STAGE.work / ".dvc" / "config").write_text(config, encoding="utf-8")
    ignored = "__pycache__/\n*.bak\n/reports/report.*\n/reports/*/*.parquet\n"
    (STAGE.work / ".gitignore").write_text(ignored, encoding="utf-8")
    STAGE.git("add", "--all")
    STAGE.git("commit", "--quiet", "-m", "A pipeline that makes customers from params.yaml")
    STAGE.git("push", "--quiet", "origin", "main")
    say(
        f"Everything is in {STAGE.folder}: origin.git stands for the repository on GitHub, "
        "remote for a bucket on S3, and work is the clone of a colleague. In the clone, "
        "params.yaml says how the customers are made, dvc.yaml has the pipeline that makes them, "
        "and schemas/customers.yaml says what a valid customer is."
    )


def first_version() -> None:
    """There is no version yet: the report describes the data."""
    chapter("Pull request 1: publish the first 20,000 customers")
    propose("first-customers", "Our first customers", {"rows": "20_000"})
    say(
        "The check runs the pipeline, validates the data, and says what merging would publish. "
        "On GitHub a workflow does this for every pull request; here it is typed:"
    )
    STAGE.datarelease("check")
    merge("first-customers")
    say(
        "On GitHub the merge starts the release. It pushes the data, looks for every object on the "
        "remote, and only then makes the tag data-v1:"
    )
    STAGE.datarelease("release")
    expect_versions(1)


def change_of_prices() -> None:
    """A real edit, a real difference, and the digest that the reviewer saw."""
    chapter("Pull request 2: higher prices")
    edits = {"rows": "21_000", "churn_rate": "0.26", "median": "31.50", "referral": "0.42"}
    propose("higher-prices", "Higher prices: customers spend more, and more of them leave", edits)
    STAGE.datarelease("check", quiet=True)
    say("The check puts this comment on the pull request. It is what the reviewers decide by:")
    text = (STAGE.work / "reports" / "report.md").read_text(encoding="utf-8")
    show(Panel(in_terminal(text), title="comment on pull request 2", title_align="left"))
    STAGE.comment.write_text(in_browser(text), encoding="utf-8")
    shutil.copyfile(STAGE.work / "reports" / "report.html", STAGE.report)
    say(f"The same comment as a page: {STAGE.comment}\nThe whole report with plots: {STAGE.report}")
    report = json.loads((STAGE.work / "reports" / "report.json").read_text(encoding="utf-8"))
    merge("higher-prices")
    say("The release publishes the data only if it has the digest that the reviewers saw:")
    STAGE.datarelease("release", "--reviewed", report["digest"])
    expect_versions(2)


def bad_data() -> None:
    """Every violation is shown, nothing is merged, no number is used."""
    chapter("Pull request 3: an edit that makes bad data")
    propose("bad-data", "Try another source", {"inject_errors": "true"})
    say("Some customers now break the schema. The check shows every failure and ends with 1:")
    STAGE.datarelease("check", code=1)
    STAGE.git("restore", "--quiet", "--staged", "--worktree", ".")
    STAGE.git("clean", "--quiet", "--force", "-d")
    STAGE.git("switch", "--quiet", "main")
    expect_versions(2)
    say("The pull request is closed. No data was published, and no version number was used.")


def roll_back() -> None:
    """A roll-back goes forward: the next version holds the data of the first."""
    chapter("Pull request 4: back to the data of data-v1")
    say("The prices were wrong. One command makes a branch that restores the older data:")
    STAGE.datarelease("rollback", "data-v1")
    STAGE.datarelease("check")
    STAGE.git("restore", "--quiet", ".")
    STAGE.git("switch", "--quiet", "main")
    merge("rollback-to-data-v1")
    say("The result is a new version. Nobody who uses data-v2 loses anything:")
    STAGE.datarelease("release")
    expect_versions(3)


def reader() -> None:
    """Somebody else, elsewhere, with nothing but the address of the repository."""
    chapter("A reader of the data")
    say("A colleague elsewhere has only the address of the repository:")
    STAGE.datarelease("list", "--repo", str(STAGE.origin))
    code = (
        "import datarelease as dr\n"
        f"frame = dr.load('data-v2', 'customers', repo={str(STAGE.origin)!r})\n"
        "print(frame.groupby('plan', observed=True).churned.mean().round(3).to_string())"
    )
    typed(code, prompt=">>>")
    show(STAGE.run(sys.executable, "-c", code, cwd=STAGE.folder))


def the_end() -> None:
    """What to try next, in the clone."""
    chapter("Three things to try next")
    say("First go to the clone:")
    typed(f"cd {STAGE.work} && source {Path(sys.executable).parent / 'activate'}")
    for number, (title, commands) in enumerate(NEXT, 1):
        say(f"{number}. {title}:")
        typed("\n".join(commands))
    say(f"Everything that was run, with its whole output: {STAGE.log}")


def propose(branch: str, title: str, edits: dict[str, str]) -> None:
    """A branch with an edit of params.yaml."""
    STAGE.git("switch", "--quiet", "-c", branch)
    path = STAGE.work / "params.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    say("A colleague edits params.yaml:")
    for name, value in edits.items():
        for index, line in enumerate(lines):
            if line.strip().startswith(f"{name}:"):
                indent = line[: len(line) - len(line.lstrip())]
                lines[index] = f"{indent}{name}: {value}\n"
                break
        else:
            sys.exit(f"params.yaml has no {name}")
    show("\n".join(f"    {name}: {value}" for name, value in edits.items()))
    path.write_text("".join(lines), encoding="utf-8")
    STAGE.git("add", "params.yaml")
    STAGE.git("commit", "--quiet", "--allow-empty", "-m", title)


def merge(branch: str) -> None:
    """The reviewer merges; what the check made in the work tree is left out."""
    STAGE.git("switch", "--quiet", "main")
    STAGE.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)
    STAGE.git("push", "--quiet", "origin", "main")
    say("A reviewer reads the report and merges the pull request.")


def expect_versions(count: int) -> None:
    """The origin has exactly the versions told so far."""
    listed = STAGE.git("ls-remote", "--tags", "--refs", str(STAGE.origin))
    found = [line.split("refs/tags/")[1] for line in listed.splitlines()]
    wanted = [f"data-v{number}" for number in range(1, count + 1)]
    if found != wanted:
        sys.exit(f"the origin has {found}, expected {wanted}; see {STAGE.log}")


if __name__ == "__main__":
    main()
