"""Many objects in one version, and many versions in one repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import data
from benchmarks.places import STAGE, run
from benchmarks.repository import Repository
from benchmarks.scene import Scene, tell
from benchmarks.scenes_release import directory_scene, s3_scene
from benchmarks.scenes_unchanged import list_scene, released


@dataclass
class ManyFiles(Repository):
    """A small table, and beside it a directory of ``files`` tiny files that DVC tracks."""

    files: int = 0

    def add_files(self) -> None:
        """Write them, a thousand a folder, and track them."""
        for number in range(self.files):
            self.write(f"data/images/{number // 1000:03}/{number:06}.bin", f"{number}" * 20)
        self.dvc("add", "--quiet", "data/images")
        self.commit("Files")

    def objects(self) -> int:
        """The table, the files, and the listing of their directory."""
        return super().objects() + self.files + 1


def many_objects_scenes(files: int) -> Iterator[Scene]:
    """The first release of many tiny files: to a directory, and to S3."""
    tell(f"  preparing: {files:,} files added")
    path = "data/customers.parquet"
    repository = ManyFiles(STAGE / "release-objects", path, files=files)
    repository.create(data.customers(1_000, data.BEFORE))
    repository.add_files()
    repository.run_stages()
    repository.branch_fresh()
    what = f"{files:,} tiny files beside a small table"
    yield directory_scene(repository, "objects", what)
    with s3_scene(repository, "objects", what) as scene:
        yield scene


def many_versions_scene(versions: int) -> Scene:
    """The list of many versions, whose tags say what that of the first one says."""
    repository = released(1_000, f"list-{versions}")
    message = repository.git("tag", "--list", "--format=%(contents)", "data-v1")
    commit = repository.git("rev-parse", "data-v1^{commit}").strip()
    tags = repository.folder / "tags"
    with tags.open("w", encoding="utf-8") as stream:
        for number in range(2, versions + 1):
            text = message.replace("data-v1:", f"data-v{number}:", 1)
            stream.write(
                f"tag data-v{number}\nfrom {commit}\n"
                f"tagger Bench <bench@example.com> {1_700_000_000 + number} +0000\n"
                f"data {len(text.encode())}\n{text}\n"
            )
    origin = repository.git("remote", "get-url", "origin").strip()
    run("sh", "-ec", f"git --git-dir={origin} fast-import --quiet < {tags}", cwd=repository.work)
    return list_scene(repository, versions)
