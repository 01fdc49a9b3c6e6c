"""The whole story on one machine, with no account and no network.

A team keeps customers in git and DVC. Four pull requests: a first release, an edit of params.yaml
whose report shows what changes, bad data that is blocked, and a roll-back. Plays in build/demo/
and starts afresh each time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / "build" / "demo"
ORIGIN, REMOTE, WORK = STAGE / "origin.git", STAGE / "remote", STAGE / "work"
LOG = STAGE / "demo.log"
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
console = Console(markup=False, highlight=False, soft_wrap=True)


def main() -> None:
    """Play the story; any step that ends otherwise than told stops it."""
    set_the_stage()
    first_release()
    edit_of_params()
    bad_data()
    roll_back()
    consumer()
    tell("Done", f"report of the second pull request: {STAGE / 'report.html'}")
    console.print(f"everything that happened:          {LOG}")


def set_the_stage() -> None:
    """A bare origin, a directory as DVC remote, and a clone with the pipeline."""
    shutil.rmtree(STAGE, ignore_errors=True)
    REMOTE.mkdir(parents=True)
    tell("The stage", f"{STAGE}: origin.git, remote/ (the DVC remote), work/ (a clone)")
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(ORIGIN), cwd=STAGE)
    run("git", "clone", "--quiet", str(ORIGIN), str(WORK), cwd=STAGE)
    run("git", "switch", "--quiet", "--orphan", "main")
    for name in PIPELINE:
        target = WORK / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, target)
    (WORK / ".dvc" / "config").write_text(CONFIG.format(url=REMOTE), encoding="utf-8")
    (WORK / ".gitignore").write_text("__pycache__/\n/reports/report.*\n", encoding="utf-8")
    commit("A pipeline that makes customers from params.yaml")
    run("git", "push", "--quiet", "origin", "main")


def first_release() -> None:
    """There is no version yet: the report is a profile."""
    open_pull_request(1, "first-release", "Our first 20,000 customers", {"rows": "20_000"})
    datarelease("check")
    merge("first-release")
    datarelease("release")
    expect_tags(1)


def edit_of_params() -> None:
    """A real edit, a real difference, and the digest that the reviewer saw."""
    edits = {"rows": "21_000", "churn_rate": "0.26", "median": "31.50", "referral": "0.42"}
    open_pull_request(2, "dearer-plans", "Dearer plans: more is spent, more leave", edits)
    datarelease("check")
    report = json.loads((WORK / "reports" / "report.json").read_text(encoding="utf-8"))
    for name in ("report.html", "report.md"):
        shutil.copyfile(WORK / "reports" / name, STAGE / name)
    merge("dearer-plans")
    datarelease("release", "--reviewed", report["digest"])
    expect_tags(2)


def bad_data() -> None:
    """Every violation is shown, nothing is merged, no number is used."""
    open_pull_request(3, "bad-data", "Oops", {"inject_errors": "true"})
    datarelease("check", code=1)
    run("git", "restore", "--quiet", "--staged", "--worktree", ".")
    run("git", "clean", "--quiet", "--force", "-d")
    run("git", "switch", "--quiet", "main")
    expect_tags(2)


def roll_back() -> None:
    """Rolling back is rolling forward: the next version holds the data of the first."""
    tell("Pull request 4: back to data-v1", "")
    datarelease("rollback", "data-v1")
    datarelease("check")
    run("git", "restore", "--quiet", ".")
    run("git", "switch", "--quiet", "main")
    run("git", "merge", "--quiet", "--no-ff", "-m", "Merge: roll back", "rollback-to-data-v1")
    run("git", "push", "--quiet", "origin", "main")
    datarelease("release")
    expect_tags(3)


def consumer() -> None:
    """Somebody else, elsewhere, with nothing but the address of the repository."""
    tell("A consumer, with nothing but the repository's address", "")
    datarelease("list", "--repo", str(ORIGIN))
    code = (
        "import datarelease as dr\n"
        f"frame = dr.load('v2', 'customers', columns=['plan', 'churned'], repo={str(ORIGIN)!r})\n"
        "print(frame.groupby('plan', observed=True).churned.mean().round(3).to_string())"
    )
    console.print(Text("\n>>> " + code.replace("\n", "\n>>> "), style="bold"))
    console.print(run(sys.executable, "-c", code, cwd=STAGE))
    datarelease("verify", "data-v2", "--full")


# --- how


def open_pull_request(number: int, branch: str, title: str, edits: dict[str, str]) -> None:
    """A branch with an edit of params.yaml."""
    tell(f"Pull request {number}: {title}", "")
    run("git", "switch", "--quiet", "-c", branch)
    path = WORK / "params.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for name, value in edits.items():
        for index, line in enumerate(lines):
            if line.strip().startswith(f"{name}:"):
                indent = line[: len(line) - len(line.lstrip())]
                lines[index] = f"{indent}{name}: {value}\n"
                console.print(f"params.yaml: {name}: {value}")
                break
        else:
            sys.exit(f"params.yaml has no {name}")
    path.write_text("".join(lines), encoding="utf-8")
    run("git", "add", "params.yaml")
    run("git", "commit", "--quiet", "--allow-empty", "-m", title)


def merge(branch: str) -> None:
    """The reviewer read the report and merges; only params.yaml changes on main."""
    run("git", "switch", "--quiet", "main")
    run("git", "merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)
    run("git", "push", "--quiet", "origin", "main")
    console.print(Text(f"\nmerged {branch}", style="bold"))


def commit(message: str) -> None:
    """All files of the work tree, committed."""
    run("git", "add", "--all")
    run("git", "commit", "--quiet", "-m", message)


def datarelease(*arguments: str, code: int = 0) -> None:
    """A command as a person types it; results are shown, its log goes to the log file."""
    console.print(Text(f"\n$ datarelease {' '.join(arguments)}", style="bold"))
    command = [sys.executable, "-m", "datarelease", *arguments]
    console.print(run(*command, cwd=WORK, code=code))


def expect_tags(count: int) -> None:
    """The origin has exactly the versions told so far."""
    tags = run("git", "ls-remote", "--tags", "--refs", str(ORIGIN)).split("refs/tags/")[1:]
    found = [tag.split()[0] for tag in tags]
    wanted = [f"data-v{number}" for number in range(1, count + 1)]
    if found != wanted:
        sys.exit(f"the origin has {found}, expected {wanted}; see {LOG}")


def run(*arguments: str, cwd: Path = WORK, code: int = 0) -> str:
    """What a program prints; an unexpected exit code ends the story."""
    done = subprocess.run(
        arguments, cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
    if done.returncode != code:
        sys.stderr.write(done.stdout + done.stderr)
        sys.exit(f"`{' '.join(arguments)}` ended with {done.returncode}, not {code}; see {LOG}")
    return done.stdout.rstrip("\n")


def environment() -> dict[str, str]:
    """Ours, but with an identity for git and nothing of the machine's git or DVC settings."""
    home = STAGE / "home"
    home.mkdir(parents=True, exist_ok=True)
    config = home / "gitconfig"
    if not config.exists():
        config.write_text("[user]\n\tname = Demo\n\temail = demo@example.com\n", encoding="utf-8")
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        "DVC_NO_ANALYTICS": "1",
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
    }


def tell(title: str, line: str) -> None:
    """A heading, and what is behind it."""
    console.print()
    console.rule(Text(title, style="bold"), align="left")
    if line:
        console.print(line)


if __name__ == "__main__":
    main()
