"""The steps that release datarelease itself, one command each; RELEASING.md tells the order.

    python publish/steps.py prepare 1.2.0   a person, in a branch: version, changelog, pages
    python publish/steps.py check           the workflow: what stands here may become a release
    python publish/steps.py build DIST      wheel and sdist, the same bytes from the same commit
    python publish/steps.py try DIST        the wheel in a fresh environment
    python publish/steps.py verify DIST     what the package index has is what was built
    python publish/steps.py announce DIST   GitHub Release, tag, and the moving tag of the action

Belongs here: the rules of a release and the programs that it starts. Does not: anything that needs
an account; `.github/workflows/publish.yml` uploads. Standard library only, apart from `prepare`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT, CHANGELOG = Path("pyproject.toml"), Path("CHANGELOG.md")
CONSTANT = Path("src/datarelease/model/project.py")
UNRELEASED = "## Unreleased"
EMPTY = "Nothing yet."
_VERSION = re.compile(r"(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)(?:rc(?P<rc>\d+))?")
ATTEMPTS, PAUSE = 20, 15.0
"""The package index shows an upload after a while; five minutes are far more than it takes."""


class ReleaseError(Exception):
    """The release cannot go on; the message says why and what to do."""


@dataclass(frozen=True, order=True)
class Version:
    """``1.2.0``, or ``1.2.0rc1`` as a rehearsal; nothing else is a version of this tool.

    >>> Version.parse("1.10.0") > Version.parse("1.10.0rc2") > Version.parse("1.9.3")
    True
    >>> Version.parse("1.2.0").tag, Version.parse("1.2.0").moving_tag
    ('v1.2.0', 'v1')
    >>> print(Version.parse("1.2.0rc1").moving_tag, Version.parse("1.2.0rc1"))
    None 1.2.0rc1
    """

    numbers: tuple[int, int, int]
    candidate: float
    """The number of a release candidate; infinity for a release."""

    @classmethod
    def parse(cls, text: str) -> Version:
        """The version that ``text`` writes.

        Raises:
            ReleaseError: It writes none.
        """
        found = _VERSION.fullmatch(text)
        if found is None:
            raise ReleaseError(f"{text!r} is not a version: write 1.2.0, or 1.2.0rc1 to rehearse.")
        numbers = (int(found["major"]), int(found["minor"]), int(found["patch"]))
        return cls(numbers, int(found["rc"]) if found["rc"] else float("inf"))

    def __str__(self) -> str:
        rehearsal = "" if self.final else f"rc{int(self.candidate)}"
        return ".".join(map(str, self.numbers)) + rehearsal

    @property
    def final(self) -> bool:
        """Whether it is a release, not a candidate for one."""
        return self.candidate == float("inf")

    @property
    def tag(self) -> str:
        """The tag that marks its commit."""
        return f"v{self}"

    @property
    def moving_tag(self) -> str | None:
        """The tag that always marks the newest release of its major; None for a candidate."""
        return f"v{self.numbers[0]}" if self.final else None


# --- what the files say


def version_of(root: Path) -> Version:
    """The version in ``pyproject.toml``, which is the one that pip and ``--version`` show."""
    project = tomllib.loads((root / PYPROJECT).read_text(encoding="utf-8"))["project"]
    return Version.parse(project["version"])


def sections(changelog: str) -> dict[str, str]:
    """The text of each second-level section of a changelog, by its whole heading."""
    parts = re.split(r"^## (.+)\n", changelog, flags=re.MULTILINE)
    return {
        heading.strip(): text.strip()
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def notes(root: Path, version: Version) -> str:
    """What the changelog says of ``version``.

    Raises:
        ReleaseError: It has no dated section for it, or an empty one.
    """
    for heading, text in sections((root / CHANGELOG).read_text(encoding="utf-8")).items():
        if re.fullmatch(rf"{re.escape(str(version))} \(\d{{4}}-\d\d-\d\d\)", heading):
            if text in {"", EMPTY}:
                raise ReleaseError(f"CHANGELOG.md says nothing in its section `## {heading}`.")
            return text
    raise ReleaseError(
        f"CHANGELOG.md has no section `## {version} (DATE)`. "
        f"`python publish/steps.py prepare {version}` writes it."
    )


def published(root: Path) -> bool:
    """Whether messages and pages name the package on the index."""
    text = (root / CONSTANT).read_text(encoding="utf-8")
    return re.search(r"^PUBLISHED: bool = True$", text, flags=re.MULTILINE) is not None


# --- prepare


def prepare(root: Path, version: Version, today: date) -> list[str]:
    """Set the version, close the changelog's section, name the package; the files that changed.

    Raises:
        ReleaseError: The version is not a new one, or there is nothing to release.
    """
    path = root / CHANGELOG
    changelog = path.read_text(encoding="utf-8")
    found = sections(changelog)
    released = [Version.parse(head.split()[0]) for head in found if head != "Unreleased"]
    if any(version <= earlier for earlier in released):
        raise ReleaseError(f"{version} is not newer than {max(released)}, the newest release.")
    if found.get("Unreleased", "") in {"", EMPTY}:
        raise ReleaseError("CHANGELOG.md has nothing under `## Unreleased`: nothing to release.")
    dated = f"{UNRELEASED}\n\n{EMPTY}\n\n## {version} ({today.isoformat()})"
    edits = {
        CHANGELOG: changelog.replace(UNRELEASED, dated, 1),
        PYPROJECT: _replaced(
            root / PYPROJECT, r'^version = ".*"$', f'version = "{version}"', "a version"
        ),
        CONSTANT: _replaced(
            root / CONSTANT, r"^PUBLISHED: bool = \w+$", "PUBLISHED: bool = True", "PUBLISHED"
        ),
    }
    for name, text in edits.items():
        (root / name).write_text(text, encoding="utf-8")
    # The pages are those of this checkout, whatever is installed.
    run(
        [sys.executable, "docs/generate.py"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
    )
    return sorted(map(str, edits))


def _replaced(path: Path, pattern: str, line: str, what: str) -> str:
    text, count = re.subn(pattern, line, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if count != 1:
        raise ReleaseError(f"{path} has {count} lines that set {what}; there must be one.")
    return text


# --- check


def check(root: Path, env: Mapping[str, str]) -> Version:
    """The version that may be released from this commit.

    Args:
        root: The checkout, with all tags.
        env: The variables of the job: ``GITHUB_REF_TYPE`` and ``GITHUB_REF_NAME``.

    Raises:
        ReleaseError: Everything that is wrong, at once.
    """
    version = version_of(root)
    wrong: list[str] = []
    try:
        notes(root, version)
    except ReleaseError as error:
        wrong.append(str(error))
    if not published(root):
        wrong.append(
            f"{CONSTANT} says that nothing is published, so the wheel's messages would be wrong. "
            f"`python publish/steps.py prepare {version}` sets it."
        )
    if env.get("GITHUB_REF_TYPE") == "tag" and env["GITHUB_REF_NAME"] != version.tag:
        wrong.append(
            f"The tag is {env['GITHUB_REF_NAME']}, and pyproject.toml says {version}: "
            f"the tag must be {version.tag}."
        )
    there, head = commit_of(root, f"refs/tags/{version.tag}"), commit_of(root, "HEAD")
    if there is not None and there != head:
        wrong.append(
            f"{version.tag} marks another commit ({there[:12]}; this one is {str(head)[:12]}): "
            "it is released already. Prepare the next version."
        )
    if wrong:
        raise ReleaseError("\n".join(wrong))
    return version


def commit_of(root: Path, ref: str) -> str | None:
    """The commit that ``ref`` leads to; None where there is no such ref."""
    command = ["git", "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


# --- build, try, verify


def build(root: Path, dist: Path) -> list[Path]:
    """Build wheel and sdist into ``dist``; what was there before is removed.

    Times inside the archives are the commit's, so that the same commit gives the same bytes and a
    release that broke off can be taken up again.
    """
    shutil.rmtree(dist, ignore_errors=True)
    epoch = output(["git", "log", "-1", "--format=%ct"], cwd=root).strip()
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(root)]
    run(command, cwd=root, env={**os.environ, "SOURCE_DATE_EPOCH": epoch})
    return archives(dist, version_of(root))


def archives(dist: Path, version: Version) -> list[Path]:
    """Wheel and sdist of ``version``.

    Raises:
        ReleaseError: One of them is not there.
    """
    names = (f"datarelease-{version}-py3-none-any.whl", f"datarelease-{version}.tar.gz")
    missing = [name for name in names if not (dist / name).is_file()]
    if missing:
        raise ReleaseError(f"{dist} has no {' and no '.join(missing)}.")
    return [dist / name for name in names]


def try_out(dist: Path, version: Version, place: Path) -> None:
    """Install the wheel as a reader does, in an environment of its own, and run it.

    Raises:
        ReleaseError: The command of the wheel does not answer with its version.
    """
    [wheel, _] = archives(dist, version)
    shutil.rmtree(place, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(place)])
    python = str(place / "bin" / "python")
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)])
    said = output([str(place / "bin" / "datarelease"), "--version"], cwd=place)
    if said.split()[-1:] != [str(version)]:
        raise ReleaseError(f"`datarelease --version` of the wheel says {said!r}, not {version}.")
    run([str(place / "bin" / "datarelease"), "list", "--help"], cwd=place)
    run([python, "-c", "import datarelease; datarelease.load, datarelease.versions"], cwd=place)


def verify(dist: Path, version: Version, place: Path, *, pause: float = PAUSE) -> None:
    """Download the version from the package index and hold it against what was built.

    pip does it, with the hashes of our files: other bytes are refused.

    Raises:
        ReleaseError: The index does not have these bytes.
    """
    for archive, kind in zip(
        archives(dist, version), ("--only-binary", "--no-binary"), strict=True
    ):
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        wanted = place / f"{archive.name}.txt"
        place.mkdir(parents=True, exist_ok=True)
        wanted.write_text(f"datarelease=={version} --hash=sha256:{digest}\n", encoding="utf-8")
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--no-build-isolation", "--no-cache-dir", "--require-hashes",
            kind, ":all:", "--dest", str(place), "-r", str(wanted),
        ]  # fmt: skip
        for attempt in range(1, ATTEMPTS + 1):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
            if attempt == ATTEMPTS or "THESE PACKAGES DO NOT MATCH" in done.stderr:
                raise ReleaseError(
                    f"The package index does not give the {archive.name} that was built:\n"
                    f"{done.stderr.strip()}"
                )
            sys.stdout.write(f"{archive.name} is not there yet (look {attempt})\n")
            sys.stdout.flush()
            time.sleep(pause)


# --- announce


def announce(root: Path, dist: Path, version: Version, repository: str, commit: str) -> list[str]:
    """Make the GitHub Release with its tag, and move the tag of the major; what was done.

    Run again, it completes what is missing and changes nothing else.

    Args:
        root: The checkout.
        dist: Wheel, sdist, and the bill of materials.
        version: The version.
        repository: OWNER/NAME on GitHub.
        commit: The full SHA that the release is built from.

    Raises:
        ReleaseError: The tag marks another commit.
    """
    tag = version.tag
    there = commit_on_github(repository, tag)
    if there not in {None, commit}:
        raise ReleaseError(
            f"{tag} marks {there} on GitHub, and this release is built from {commit}."
        )
    files = [str(path) for path in sorted(dist.iterdir())]
    text = dist.parent / "notes.md"
    text.write_text(notes(root, version) + "\n", encoding="utf-8")
    done = []
    if answers(["gh", "release", "view", tag, "--repo", repository]):
        run(["gh", "release", "upload", tag, *files, "--clobber", "--repo", repository])
        done.append(f"the GitHub Release {tag} was there; its files are complete")
    else:
        kind = [] if version.final else ["--prerelease"]
        run([
            "gh", "release", "create", tag, *files, "--repo", repository, "--target", commit,
            "--title", f"datarelease {version}", "--notes-file", str(text), *kind,
        ])  # fmt: skip
        done.append(f"made the GitHub Release {tag}")
    moving = version.moving_tag
    if moving is None or version < newest(root, version):
        done.append("left the tags of majors where they are")
        return done
    if answers(["gh", "api", f"repos/{repository}/git/ref/tags/{moving}"]):
        path, more = f"repos/{repository}/git/refs/tags/{moving}", ["-F", "force=true"]
        run(["gh", "api", "--silent", "--method", "PATCH", path, "-f", f"sha={commit}", *more])
    else:
        path, more = f"repos/{repository}/git/refs", ["-f", f"ref=refs/tags/{moving}"]
        run(["gh", "api", "--silent", "--method", "POST", path, "-f", f"sha={commit}", *more])
    done.append(f"{moving} marks {version}")
    return done


def commit_on_github(repository: str, tag: str) -> str | None:
    """The commit that a tag of the repository marks; None where there is no such tag."""
    if not answers(["gh", "api", f"repos/{repository}/git/ref/tags/{tag}"]):
        return None
    path = f"repos/{repository}/commits/{tag}"
    return output(["gh", "api", path, "--jq", ".sha"]).strip()


def newest(root: Path, version: Version) -> Version:
    """The newest tagged release with the major of ``version``, or itself where none is."""
    tags = output(["git", "tag", "--list", f"v{version.numbers[0]}.*"], cwd=root).split()
    known = [Version.parse(tag[1:]) for tag in tags if _VERSION.fullmatch(tag[1:])]
    return max([one for one in known if one.final], default=version)


# --- programs


def run(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    """Run a program whose output goes where ours does.

    Raises:
        ReleaseError: It failed.
    """
    if subprocess.run(command, cwd=cwd, env=env, check=False).returncode:
        raise ReleaseError(f"`{' '.join(command)}` failed.")


def output(command: Sequence[str], *, cwd: Path | None = None) -> str:
    """What a program prints.

    Raises:
        ReleaseError: It failed.
    """
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout


def answers(command: Sequence[str]) -> bool:
    """Whether GitHub has what is asked for.

    Raises:
        ReleaseError: The program failed otherwise than with "not found".
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "not found" not in done.stderr.lower():
        raise ReleaseError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.returncode == 0


def parser() -> argparse.ArgumentParser:
    """The command line: one step, and what it works on."""
    about = str(__doc__).partition("\n")[0]
    found = argparse.ArgumentParser(prog="publish/steps.py", description=about)
    steps = found.add_subparsers(dest="step", required=True, metavar="STEP")
    steps.add_parser("prepare").add_argument("version")
    steps.add_parser("check")
    for name in ("build", "try", "verify", "announce"):
        steps.add_parser(name).add_argument("dist", type=Path)
    return found


def main(arguments: Sequence[str]) -> int:
    """Carry out one step; 0, or 1 with the reason on standard error."""
    given = parser().parse_args(arguments)
    try:
        sys.stdout.write(f"{_step(given)}\n")
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _step(given: argparse.Namespace) -> str:
    """Carry out the step that the command line names; one sentence on what was done."""
    if given.step == "prepare":
        version = Version.parse(given.version)
        changed = prepare(ROOT, version, datetime.now(UTC).date())
        return (
            f"Prepared {version}: {', '.join(changed)} and the pages that name it.\n"
            "Now commit, open a pull request, merge it, and run the workflow `publish`."
        )
    version = check(ROOT, os.environ) if given.step == "check" else version_of(ROOT)
    if given.step == "check":
        return f"{version} may be released from this commit."
    dist = given.dist.resolve()
    if given.step == "build":
        return "Built " + ", ".join(path.name for path in build(ROOT, dist)) + "."
    if given.step == "try":
        try_out(dist, version, ROOT / "build" / "try")
        return f"The wheel of {version} installs and runs."
    if given.step == "verify":
        verify(dist, version, ROOT / "build" / "published")
        return f"The package index has the files of {version} that were built."
    repository, commit = os.environ["GITHUB_REPOSITORY"], os.environ["GITHUB_SHA"]
    return "\n".join(announce(ROOT, dist, version, repository, commit))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
