"""Stands in for actions/attest: writes down what was attested."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

from tests.forge.actions.scene import fail, given, put, scene, workspace

PROVENANCE = "https://slsa.dev/provenance/v1"
"""What is attested where no predicate is given."""


def main() -> int:
    """Attests a file, or a digest."""
    told = scene()
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
        fail("Failed to get ID token: missing id-token permission")
    if told["permissions"].get("attestations") != "write":
        fail("Failed to persist attestation: Resource not accessible by integration")
    files = sorted(workspace().glob(given("subject-path"))) if given("subject-path") else []
    subjects = [
        {"name": it.name, "digest": f"sha256:{hashlib.sha256(it.read_bytes()).hexdigest()}"}
        for it in files
    ]
    if given("subject-digest"):
        subjects.append({"name": given("subject-name"), "digest": given("subject-digest")})
    if not subjects:
        fail("Could not find subject at path " + given("subject-path"))
    kind = given("predicate-type") or PROVENANCE
    predicate = (workspace() / given("predicate-path")) if given("predicate-path") else None
    if (given("predicate-type") != "") != (predicate is not None):
        fail("Either predicate or predicate-path must be provided, with predicate-type")
    for subject in subjects:
        subject["type"] = kind
        subject["predicate"] = predicate.read_text("utf-8") if predicate is not None else ""
    log = Path(told["attestations"])
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(subject) + "\n" for subject in subjects)
    put("GITHUB_OUTPUT", "attestation-id", "1")
    return 0


if __name__ == "__main__":
    sys.exit(main())
