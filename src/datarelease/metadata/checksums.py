"""The hashes of a version's files, as ``sha256sum -c`` reads them."""

from __future__ import annotations

from datarelease.model.versions.manifest import Manifest

SHA256SUMS = "SHA256SUMS"


def checksums(manifest: Manifest) -> bytes:
    """A line for each file, by its path in the repository, sorted.

    A path with a backslash or a line end is written as coreutils does: with escapes, and a
    backslash at the beginning of its line.
    """
    files = {
        dataset.place(file): file.sha256 for dataset in manifest.datasets for file in dataset.files
    }
    return "".join(_line(path, files[path]) for path in sorted(files)).encode(
        "utf-8", "surrogateescape"
    )


def _line(path: str, sha256: str) -> str:
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == path else chr(92)}{sha256}  {escaped}\n"
