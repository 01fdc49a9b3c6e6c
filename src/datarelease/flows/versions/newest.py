"""The newest versions checked one after the other, so that one fault does not hide another."""

from __future__ import annotations

from datarelease.errors import WorldError
from datarelease.flows.repository import Repository, catalogue_of
from datarelease.flows.versions.read import verify_version
from datarelease.model.versions.outcome import Health, VersionHealth


def look_at_newest(repository: Repository, count: int, *, full: bool) -> Health:
    """The health of the ``count`` newest versions that are not withdrawn.

    Raises:
        ConfigError: None of a version's remotes is configured.
        WorldError: The git remote does not answer.
    """
    versions = [version for version in catalogue_of(repository).versions if version.yank is None]
    found = []
    for version in reversed(versions[-count:]):
        repository.progress.say(f"verify: {version.tag}")
        try:
            result = verify_version(repository, version, full=full)
        except WorldError as error:
            found.append(
                VersionHealth(tag=version.tag, remotes=(), objects=0, faults=(), error=error.what)
            )
        else:
            found.append(
                VersionHealth(
                    tag=version.tag,
                    remotes=result.remotes,
                    objects=result.objects,
                    faults=result.faults,
                    error=None,
                )
            )
    return Health(versions=tuple(found))
