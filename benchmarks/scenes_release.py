"""`datarelease release` against bare `dvc push` + `git tag` + `git push`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import data
from benchmarks.measure import Run, RunFailed, measure
from benchmarks.places import STAGE
from benchmarks.repository import FRESH, STAGED, Repository
from benchmarks.scene import Scene, Variant, tell
from tests.servers import S3Server, running_s3

BARE = ["sh", "-ec", "dvc push --quiet; git tag -a data-v1 -m data-v1; git push --quiet --tags"]
Prepare = Callable[[str], Callable[[], int]]
"""Makes remote and origin empty and switches to a branch; returns what counts the objects sent."""


def prepared(source: Path, name: str) -> Repository:
    """A repository that holds ``source``, with both branches."""
    tell(f"  preparing: {data.size(source) / 1e6:,.0f} MB added, validated, profiled")
    path = "data/customers" if source.is_dir() else "data/customers.parquet"
    repository = Repository(STAGE / f"release-{name}", path)
    repository.create(source)
    repository.run_stages()
    repository.branch_fresh()
    return repository


def directory_scene(repository: Repository, name: str, what: str) -> Scene:
    """The first release to a directory, analysis included and not."""

    def prepare(branch: str) -> Callable[[], int]:
        repository.unreleased(branch)
        # As DVC lays out its remotes; our manifests lie elsewhere.
        return lambda: sum(1 for _ in (repository.remote / "files/md5").glob("*/*"))

    return _scene(
        repository, prepare, f"release-{name}-directory", f"{what}, to a directory",
        analysis=True,
    )  # fmt: skip


@contextmanager
def s3_scene(repository: Repository, name: str, what: str) -> Iterator[Scene]:
    """The first release to an S3 server on loopback that lives as long as the block."""
    with running_s3(STAGE / f"s3-{name}") as server:
        yield _scene(
            repository, _into(repository, server), f"release-{name}-s3", f"{what}, to S3",
            analysis=False,
        )  # fmt: skip


def _into(repository: Repository, server: S3Server) -> Prepare:
    def prepare(branch: str) -> Callable[[], int]:
        bucket = server.bucket()
        repository.unreleased(
            branch,
            bucket.url(),
            endpointurl=bucket.endpoint,
            region="us-east-1",
            access_key_id=bucket.keys.access,
            secret_access_key=bucket.keys.secret,
        )
        return lambda: len(bucket.fs().find(f"{bucket.name}/files/md5"))

    return prepare


def _scene(
    repository: Repository, prepare: Prepare, name: str, title: str, *, analysis: bool
) -> Scene:
    def on(branch: str, command: list[str]) -> Callable[[], Run]:
        def run() -> Run:
            count = prepare(branch)
            repository.forget()
            run = measure(command, cwd=repository.work, env=repository.env)
            if not run.stopped and count() != repository.objects():
                raise RunFailed(f"{count()} of {repository.objects()} objects are on the remote")
            return run

        return run

    release = ["datarelease", "release"]
    variants = [
        Variant(
            name="bare", label="`dvc push` + `git tag -a` + `git push --tags`", run=on(STAGED, BARE)
        ),
        Variant(
            name="release-staged",
            label="**`datarelease release`**, DVC's stages have validated and profiled",
            run=on(STAGED, release),
            ours=True,
        ),
    ]
    if analysis:
        variants.append(
            Variant(
                name="release",
                label="**`datarelease release`**, everything computed",
                run=on(FRESH, release),
                ours=True,
                once=True,
            )
        )
    return Scene(
        name=name,
        title=f"`datarelease release`: {title}",
        about="The first release, to an empty remote.",
        variants=variants,
    )
