"""The release as assets, one for each remote that must hold every version."""

# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.tracked import Output, TrackedState
from datarelease.adapters.git.repository import Git
from datarelease.app.publish import open_release
from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError
from datarelease.flows.repository import Repository
from datarelease.flows.versions.documents import find_document, find_manifest, write_documents
from datarelease.model.git_address import without_credentials
from datarelease.model.review.report import Report
from datarelease.model.versions.outcome import REPORT
from datarelease.model.versions.release import Nothing, Released
from datarelease.model.versions.version import Version
from datarelease.orchestration.assets import WORK_TREE
from datarelease.orchestration.metadata import (
    Metadata,
    release_metadata,
    report_metadata,
    trailers_metadata,
)
from datarelease.orchestration.pipeline import RELEASE, RELEASE_OP, RELEASES, version_tags
from datarelease.orchestration.resources import (
    WORLD_RETRIES,
    Logged,
    RepositoryResource,
    dagster_errors,
    process_environment,
)
from datarelease.progress import Progress

_PREFIX = "release"
_LAST = {"dagster/priority": "-2"}
"""After the checks, whose results tell why there may be no release."""
_KINDS = {"directory": "folder", "aws": "s3", "dagshub": "dagshub", "s3": "s3", "other": "storage"}


@dataclass(frozen=True, kw_only=True)
class RemoteAddress:
    """A remote as far as its address tells."""

    name: str
    url: str
    kind: str


def release_key(remote: str) -> dg.AssetKey:
    """The key of the releases on a remote."""
    return dg.AssetKey([_PREFIX, remote])


def places_of(root: Path, names: Sequence[str]) -> tuple[RemoteAddress, ...]:
    """The remotes called ``names``; none named: DVC's default remote, if there is one.

    None of them is asked or even opened: definitions have to load without a network.

    Raises:
        ConfigError: DVC has no such remote.
    """
    config = DvcConfig(root / ".dvc", env=process_environment())
    default = [config.default_remote] if config.default_remote else []
    unknown = [name for name in names if name.lower() not in config.remotes]
    if unknown:
        raise ConfigError(
            f"DVC has no remote called {unknown[0]!r} (it has: {', '.join(config.remotes)}).",
            remedy=f"Add it with `dvc remote add {unknown[0]} URL`, or correct `release.remotes` "
            "of params.yaml or DATARELEASE_REMOTES.",
        )
    return tuple(
        RemoteAddress(
            name=name,
            url=without_credentials(str(config.settings(name).get("url", ""))),
            kind=config.kind(name),
        )
        for name in names or default
    )


class Consent(dg.Config):
    """Whether a run may publish. The job `release` sets it; any other run has to set it itself."""

    publish: bool = Field(
        default=False,
        description="Push the data, tag it and make it the newest version. The job `release` sets "
        "this; materialising all assets without it releases nothing.",
    )


CONSENT = {"ops": {RELEASE_OP: {"config": {"publish": True}}}}
"""The configuration of a run that releases."""


def release_assets(
    places: Sequence[RemoteAddress], deps: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    """Releases on all remotes, made in one step: a version exists when each of them has it.

    "Materialize all" is for what can be made again. A release cannot be unmade, so without consent
    in the run's configuration the step ends without having made anything.
    """

    @dg.multi_asset(
        name=RELEASE_OP,
        specs=[
            dg.AssetSpec(
                release_key(remote.name),
                deps=list(deps),
                group_name=RELEASES,
                description=f"The newest version on the remote {remote.name}: every object found "
                "there, its manifest and its reports beside it.",
                kinds={_KINDS[remote.kind]},
                metadata={"remote": remote.name, "url": remote.url},
                skippable=True,
            )
            for remote in places
        ],
        pool=WORK_TREE,
        retry_policy=WORLD_RETRIES,
        op_tags=_LAST,
        description="What `datarelease release` does: push, verify every object, tag. Only with "
        "`publish: true` in its configuration, which the job `release` has.",
    )
    def run(
        context: dg.AssetExecutionContext, config: Consent, repository: RepositoryResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        if not config.publish:
            context.log.warning(
                "Nothing was released: this run was not asked to release. Start the job `release`, "
                "or run with `publish: true` in the configuration of this step."
            )
            return
        result = released(repository, Logged(context.log))
        for place in places:
            yield dg.MaterializeResult(
                asset_key=release_key(place.name),
                data_version=dg.DataVersion(digest_of(result)),
                metadata=release_metadata(result, place.name),
            )

    return run


def released(repository: RepositoryResource, progress: Progress) -> Released | Nothing:
    """The release of the work tree, or why there is none, as ``datarelease release`` makes it.

    Raises:
        Failure: Why it did not work; with the report, if it came to that.
    """
    told: Metadata = {}

    def tell(report: Report, files: Mapping[str, bytes]) -> None:
        told.update(report_metadata(report))
        write_documents(files, repository.path / "reports")

    with dagster_errors(told):
        return open_release(
            repository.path,
            reviewed=repository.reviewed,
            remotes=repository.remotes,
            branch=None,
            bundle=None,
            out=None,
            run=None,
            on_report=tell,
            progress=progress,
        ).run()


def digest_of(result: Released | Nothing) -> str:
    """Of the newest version; where nothing was released, that is the one compared with."""
    report = result.report
    older = isinstance(result, Nothing) and report.base_digest
    return older or report.digest


def found_releases(
    git: Git,
    newest: Version,
    remotes: Sequence[str],
    deps: Mapping[str, dg.AssetKey],
    instance: dg.DagsterInstance,
) -> Iterator[dg.AssetMaterialization]:
    """An event for each remote whose last one does not tell of the ``newest`` version.

    Versions are cut anywhere: by a workflow, by a person, by another Dagster. ``deps`` are what a
    release is made from, by path.
    """
    held = (newest.trailer("Remotes") or "").split()
    for remote in remotes:
        if remote in held and not _told(instance, remote, newest):
            yield dg.AssetMaterialization(
                asset_key=release_key(remote),
                description=f"{newest.tag} was released outside of Dagster",
                metadata=trailers_metadata(dict(newest.trailers), newest.tag, newest.date),
                tags=made_from(git, newest.commit, newest.digest, deps),
            )


def made_from(
    git: Git, commit: str, digest: str, deps: Mapping[str, dg.AssetKey]
) -> Mapping[str, str]:
    """The tags of a version's event: from which data of its ``commit`` it was made."""
    found = {deps[out.path]: out.md5 for out in tracked_at(git, commit) if out.path in deps}
    return version_tags(digest, RELEASE, found)


def tracked_at(git: Git, commit: str) -> tuple[Output, ...]:
    """What DVC tracked at a ``commit``."""
    return TrackedState(partial(git.read, commit), partial(git.files, commit)).outputs


def released_report(repository: Repository, version: Version, progress: Progress) -> Report | None:
    """The report of a version as it was released; None: it cannot be read, which is said.

    Raises:
        WorldError: It was not found, and a remote could not be asked; or its manifest is refused.
    """
    manifest = find_manifest(repository, version)
    data = find_document(repository, manifest, REPORT) if manifest is not None else None
    if data is None:
        why = f"no remote has {'the manifest' if manifest is None else REPORT} of {version.tag}"
    else:
        try:
            return decode(Report, data)
        except DocumentError as error:
            why = f"{REPORT} of {version.tag} cannot be read: {error}"
    progress.warn(
        f"The checks of {version.tag} have no result: {why}. Nothing was changed. "
        f"`datarelease verify {version.tag} --repair` writes again what a remote lost. The job "
        "`check` evaluates the checks from the data itself."
    )
    return None


def _told(instance: dg.DagsterInstance, remote: str, version: Version) -> bool:
    entry = instance.get_latest_materialization_event(release_key(remote))
    found = entry.asset_materialization if entry else None
    return found is not None and found.metadata.get("version") == dg.MetadataValue.text(version.tag)
