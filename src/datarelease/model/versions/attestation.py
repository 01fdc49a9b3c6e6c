"""What is attested of a version: an in-toto release predicate about its manifest.

Source: in-toto Attestation Framework, "Predicate type: Release", version 0.2, and purl-spec. What
the predicate has no field for is an extension, under a name that is an address of ours.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from datarelease.model.project import REPOSITORY
from datarelease.model.versions.manifest import Manifest

PREDICATE_TYPE = "https://in-toto.io/attestation/release/v0.2"
PREDICATE_FILE = "predicate.json"
EXTENSION = f"https://github.com/{REPOSITORY}/attestation/v1"
"""Names the extension: what was reviewed, and what the version is made from."""


def release_predicate(manifest: Manifest, repository: str) -> dict[str, Any]:
    """The predicate about a version of the repository ``owner/name`` on GitHub."""
    name = "/".join(quote(part.lower(), safe="") for part in repository.split("/"))
    return {
        "purl": f"pkg:github/{name}@{quote(manifest.tag, safe='')}",
        EXTENSION: {
            "tag": manifest.tag,
            "digest": manifest.digest,
            "reviewed": manifest.reviewed,
            "commit": manifest.commit,
            "baseline": manifest.baseline,
            "compatibility": manifest.compatibility.value,
            "verdict": manifest.verdict,
        },
    }


def predicate_file(manifest: Manifest, repository: str) -> bytes:
    """The predicate as the file that a workflow attests."""
    text = json.dumps(release_predicate(manifest, repository), indent=2, ensure_ascii=False)
    return f"{text}\n".encode()
