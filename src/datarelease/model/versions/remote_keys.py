"""Where the objects, manifests and documents of versions are on a remote, below its root."""

from __future__ import annotations

DIRECTORY = "releases"
"""Where manifests live on a remote, below its root."""
MANIFEST = "manifest.json"


def document_key(sha256: str) -> str:
    """Where a manifest, or a document that one lists, is on a remote, below its root.

    The name is made of the bytes, so that any number of releases may write there at once.
    """
    return f"{DIRECTORY}/sha256/{sha256}"


def manifest_key(tag: str) -> str:
    """Where the copy of a version's manifest is on a remote, below its root."""
    return f"{DIRECTORY}/{tag}/{MANIFEST}"


def versions_directory(prefix: str) -> tuple[str, str]:
    """Where the folders of versions are on a remote, and what their tags have before the name.

    A tag prefix with slashes makes folders in folders.

    >>> versions_directory("data-v"), versions_directory("sets/people-v")
    (('releases', ''), ('releases/sets', 'sets/'))
    """
    above = "".join(prefix.rpartition("/")[:2])
    return f"{DIRECTORY}/{above}".rstrip("/"), above


def metadata_key(tag: str, name: str) -> str:
    """Where the copy of a document (a report, a profile) is beside that of the manifest."""
    return f"{DIRECTORY}/{tag}/{name}"


def object_key(md5: str) -> str:
    """Where DVC 3 keeps an object on a remote, below its root.

    >>> object_key("d41d8cd98f00b204e9800998ecf8427e")
    'files/md5/d4/1d8cd98f00b204e9800998ecf8427e'
    """
    return f"files/md5/{md5[:2]}/{md5[2:]}"
