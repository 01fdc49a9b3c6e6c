"""``datarelease verify``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NotRequired

import click
from typing_extensions import TypedDict

from datarelease.app.github import open_attestations
from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.cli.options import repo_option
from datarelease.cli.version_entry import Erased, version_json
from datarelease.documents import encode, to_json
from datarelease.errors import WorldError
from datarelease.flows.release.metadata import repair_metadata
from datarelease.flows.repository import Repository, catalogue_of
from datarelease.flows.transfer import faults_error
from datarelease.flows.versions.attestation import verify_attestation
from datarelease.flows.versions.export import export
from datarelease.flows.versions.index import repair_index, warn_of_stale
from datarelease.flows.versions.missing import look_at_newest, repair_version
from datarelease.flows.versions.verify import verify_version
from datarelease.flows.write_file import write
from datarelease.model.git_address import GITHUB_NAME
from datarelease.model.versions.outcome import Health
from datarelease.model.versions.release import Fault
from datarelease.model.versions.version import Version
from datarelease.model.wording import agreeing, plural
from datarelease.render.escape import PROSE, clean


class FaultResult(TypedDict):
    """An object that is not as it should be."""

    remote: str
    """The name of the remote."""
    key: str
    """The key of the object on that remote."""
    kind: str
    """What is wrong: `missing`, or how the object differs."""
    path: str | None
    """The path of the file in the repository; null: the object is a document or a listing."""


class VerifyResult(TypedDict):
    """What was found of one version."""

    tag: str
    """The git tag of the version."""
    remotes: list[str]
    """The names of the remotes that were looked at."""
    objects: int
    """The number of objects of the version."""
    erased: Erased | None
    """The erasure; null: the data is not erased."""
    faults: list[FaultResult]
    """What is missing or damaged now; empty: all is in order."""
    repaired: list[FaultResult]
    """What `--repair` wrote again."""
    index_written: list[str]
    """Remotes whose index of versions `--repair` wrote again."""
    index_stale: list[str]
    """Remotes whose index of versions differs from the tags."""
    metadata_written: list[str]
    """Descriptions in other standards that `--repair` wrote again."""
    attestation: NotRequired[dict[str, Any]]
    """What GitHub attests of the version; only with `--attestation`."""


@click.command(
    "verify",
    cls=DescribedCommand,
    arguments={"[VERSION]": f"{VERSION} Leave it out with `--newest`."},
    exits={
        0: "Every object and document is in order.",
        3: "Something is missing or damaged, or a remote does not answer.",
        4: "With `--attestation`: GitHub attests another digest than the tag names.",
    },
    prints=VerifyResult | Health,
)
@click.argument("version", required=False)
@click.option(
    "--newest", type=click.IntRange(min=1), metavar="N", help="Verify the N newest versions."
)
@click.option("--full", is_flag=True, help="Read every object back and compute its hash.")
@click.option(
    "--repair",
    is_flag=True,
    help="Write missing and damaged objects again, from DVC's cache or from another remote.",
)
@click.option(
    "--attestation",
    is_flag=True,
    help="Also check what the release workflow attested on GitHub. Needs the program `gh`.",
)
@click.option(
    "--signer-repo",
    metavar="OWNER/NAME",
    help="With --attestation: the repository of the workflow, if it is another one.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --newest: write the result into this file, also if no fault was found.",
)
@repo_option
@prints_result
def command(
    version: str | None,
    newest: int | None,
    full: bool,  # noqa: FBT001
    repair: bool,  # noqa: FBT001
    attestation: bool,  # noqa: FBT001
    signer_repo: str | None,
    out: Path | None,
    repo: str | None,
) -> Result:
    """Check that every object and document of VERSION is on each of its remotes.

    Checks that each object exists, its size, and the hash that the remote reports. Where a remote
    reports no hash, a sample of the objects is read back; `--full` reads all of them.
    """
    if (version is None) == (newest is None):
        raise click.UsageError("Name a VERSION, or --newest N.")
    if repair and (version is None or repo is not None):
        # What a foreign repository names as its remotes must not be written to with our keys.
        raise click.UsageError("--repair takes a VERSION, in a clone of its repository.")
    if (attestation and version is None) or (signer_repo is not None and not attestation):
        raise click.UsageError("--attestation takes a VERSION, and --signer-repo --attestation.")
    if signer_repo is not None and not GITHUB_NAME.fullmatch(signer_repo):
        raise click.UsageError(f"--signer-repo is {signer_repo!r}, which is not OWNER/NAME.")
    named = [version] if version is not None else []
    repository = open_repository(repo, *named, progress=ConsoleProgress())
    if newest is not None:
        return _newest(repository, newest, full=full, out=out)
    result = _one(repository, str(version), full=full, repair=repair)
    if not attestation or result.error is not None:
        return result
    return _with_attestation(result, repository, str(version), signer_repo)


def _with_attestation(
    result: Result, repository: Repository, text: str, signer: str | None
) -> Result:
    """The result, with what is attested of the version."""
    name, gh = open_attestations(repository, os.environ)
    version = catalogue_of(repository).find(text)
    attested = verify_attestation(repository, version, name, gh, signer=signer)
    reviewed = attested["reviewed"]
    said = f"reviewed digest {reviewed}" if reviewed else "nobody's review was recorded"
    line = f"{version.tag}: attested by a workflow of {signer or name}; {said}"
    lines = result.text if isinstance(result.text, tuple) else (result.text,)
    return Result({**result.json, "attestation": dict(attested)}, (*lines, line))


def _newest(repository: Repository, count: int, *, full: bool, out: Path | None) -> Result:
    catalogue = catalogue_of(repository)
    health = look_at_newest(repository, catalogue, count, full=full)
    warn_of_stale(repository, catalogue)
    if out is not None:
        write(out, encode(health).encode())
    bad = [version.tag for version in health.versions if not version.sound]
    error = bad and WorldError(
        f"Objects or documents of {', '.join(bad)} are missing or damaged.",
        untouched="Nothing was changed.",
        remedy=f"`datarelease verify {bad[0]}` says what to do.",
    )
    return Result(to_json(health), tuple(_lines(health)), error or None)


def _lines(health: Health) -> list[str]:
    lines = []
    for version in health.versions:
        if version.sound:
            where = ", ".join(version.remotes)
            found = plural(version.objects, "object")
            lines.append(f"{version.tag}: {found} in order on {where}")
        else:
            lines += [f"{version.tag}: {fault}" for fault in version.faults]
            lines += [f"{version.tag}: {version.error}"] if version.error else []
    return lines or ["there is no version yet"]


def _one(repository: Repository, version: str, *, full: bool, repair: bool) -> Result:
    catalogue = catalogue_of(repository)
    found = catalogue.find(version)
    described = repair_metadata(repository, found) if repair else ()
    result = verify_version(repository, found, full=full)
    repaired: tuple[Fault, ...] = ()
    if repair and result.faults:
        before = result.faults
        result = repair_version(repository, found, result, full=full)
        left = {(fault.remote, fault.key) for fault in result.faults}
        repaired = tuple(fault for fault in before if (fault.remote, fault.key) not in left)
    indexed = repair_index(repository, catalogue) if repair else ()
    stale = () if repair else warn_of_stale(repository, catalogue)
    if repair:
        export(repository, catalogue, found)
    document: VerifyResult = {
        "tag": found.tag,
        "remotes": list(result.remotes),
        "objects": result.objects,
        "erased": version_json(found)["erased"],
        "faults": [_described(fault) for fault in result.faults],
        "repaired": [_described(fault) for fault in repaired],
        "index_stale": list(stale),
        "index_written": list(indexed),
        "metadata_written": list(described),
    }
    lines = tuple(f"repaired: {fault}" for fault in repaired)
    lines += tuple(f"metadata written: {place}" for place in described)
    lines += tuple(f"index of versions written: {remote}" for remote in indexed)
    if not result.faults:
        where = ", ".join(result.remotes)
        said = f"{found.tag}: {plural(result.objects, 'object')} in order on {where}"
        erasure = catalogue.erasure(found)
        if erasure is not None:
            said = f"{clean(erasure, PROSE)} Its manifest is on {where}."
        return Result(document, (*lines, said))
    error = faults_error(
        result.faults,
        what=f"{plural(len(result.faults), 'object')} of {found.tag} "
        f"{agreeing(len(result.faults), 'is not as it', 'are not as they')} should be:",
        untouched="The others were repaired." if repaired else "Nothing was changed.",
        remedy=_remedy(found, full=full, tried=repair),
    )
    return Result(document, lines, error)


def _described(fault: Fault) -> FaultResult:
    return {
        "remote": fault.remote,
        "key": fault.key,
        "kind": fault.kind,
        "path": fault.path or None,
    }


def _remedy(version: Version, *, full: bool, tried: bool) -> str:
    command = f"datarelease verify {version.tag}{' --full' if full else ''} --repair"
    if tried:
        return f"Run `{command}` in the clone that released the version: its cache has the objects."
    return f"`{command}` writes them again, from DVC's cache or from another remote."
