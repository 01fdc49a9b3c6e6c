"""What is really there after a release, read without any of the code under test."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from tests.forge.gitdir import loose
from tests.project import Project


def tags(project: Project) -> list[str]:
    """The tags at the origin, by number."""
    form = "--format=%(refname:lstrip=2)"
    listed = project.git(f"--git-dir={project.origin}", "for-each-ref", form, "refs/tags")
    return sorted(listed.splitlines(), key=lambda name: [int(n) for n in re.findall(r"\d+", name)])


def message(project: Project, tag: str) -> str:
    """The message of an annotated tag at the origin."""
    # It fails for a tag that is not annotated, which names a commit.
    return project.git(f"--git-dir={project.origin}", "cat-file", "tag", f"refs/tags/{tag}")


def commit(project: Project, tag: str) -> str:
    """The commit that a tag at the origin points at."""
    return project.git(f"--git-dir={project.origin}", "rev-parse", f"refs/tags/{tag}^{{commit}}")


def branch(project: Project, name: str = "main") -> str:
    """The commit of a branch at the origin."""
    ref = f"refs/heads/{name}"
    return loose(project.origin, ref) or project.git(
        f"--git-dir={project.origin}", "rev-parse", ref
    )


def manifest_path(remote: Path, tag: str) -> Path:
    """Where a directory as remote keeps a manifest."""
    return remote / "releases" / tag / "manifest.json"


def manifest(remote: Path, tag: str) -> dict[str, Any]:
    """A manifest as it is stored."""
    loaded: dict[str, Any] = json.loads(manifest_path(remote, tag).read_text(encoding="utf-8"))
    return loaded


def document_path(remote: Path, sha256: str) -> Path:
    """Where a directory as remote keeps a manifest or document under its own SHA-256."""
    return remote / "releases" / "sha256" / sha256


def object_path(remote: Path, md5: str) -> Path:
    """Where a directory as remote keeps an object."""
    return remote / "files" / "md5" / md5[:2] / md5[2:]


def objects(data: dict[str, Any]) -> list[str]:
    """The hashes of every object that a manifest needs."""
    found = set()
    for dataset in data["datasets"]:
        found |= {entry["md5"] for entry in dataset["entries"] if entry["md5"].endswith(".dir")}
        found |= {file["md5"] for file in dataset["files"]}
    return sorted(found)


def assert_whole(project: Project, tag: str, *remotes: Path) -> None:
    """The tag is annotated and names the manifest, and each remote holds each object unharmed.

    Manifest and documents lie there twice: under their SHA-256, and as copies.
    """
    text = message(project, tag)
    for remote in remotes or (project.remote,):
        stored = manifest_path(remote, tag).read_bytes()
        assert f"\nManifest-Sha256: {hashlib.sha256(stored).hexdigest()}\n" in text
        data = manifest(remote, tag)
        assert data["commit"] == commit(project, tag)
        assert f"\nDigest: {data['digest']}\n" in text
        assert document_path(remote, hashlib.sha256(stored).hexdigest()).read_bytes() == stored
        for document in data["documents"]:
            content = (remote / "releases" / tag / document["name"]).read_bytes()
            assert len(content) == document["size"]
            assert hashlib.sha256(content).hexdigest() == document["sha256"]
            assert document_path(remote, document["sha256"]).read_bytes() == content
        for md5 in objects(data):
            content = object_path(remote, md5).read_bytes()
            assert hashlib.md5(content, usedforsecurity=False).hexdigest() == md5.removesuffix(
                ".dir"
            )
        for file in (file for dataset in data["datasets"] for file in dataset["files"]):
            content = object_path(remote, file["md5"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (
                file["size"],
                file["sha256"],
            )


def tree_state(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Each file of a folder with inode, time and hash: equal when nothing was written."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
