"""GitHub's attestations, checked by GitHub's own program ``gh``: signature, signer and subject.

Its manual, ``gh attestation verify``: with ``--format json`` it prints an array with an object for
each attestation that holds, whose ``verificationResult.statement`` is the in-toto statement.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datarelease.adapters.github.errors import brief
from datarelease.adapters.process import capture
from datarelease.adapters.untrusted import plain_json
from datarelease.documents import DocumentError
from datarelease.errors import WorldError

_SECONDS = 120
_LARGEST = 16 << 20
"""Bytes of an answer."""


class GitHubCli:
    """The program ``gh``."""

    def __init__(self, program: str, *, env: Mapping[str, str]) -> None:
        """Nothing is run yet; ``env`` is the environment, with the user's sign-in."""
        self._program = program
        self._env = env

    def attested(
        self, data: bytes, repository: str, predicate_type: str, *, signer: str | None = None
    ) -> list[Mapping[str, Any]]:
        """The statements of one type that workflows of a repository attested of ``data``.

        ``repository`` is ``owner/name``; ``signer`` is the repository of the workflow, where that
        is another one.

        Raises:
            WorldError: There is none that holds, or GitHub does not answer.
        """
        with tempfile.TemporaryDirectory(prefix="datarelease-gh-") as folder:
            subject = Path(folder) / "manifest.json"
            subject.write_bytes(data)
            done = capture(
                [
                    *(self._program, "attestation", "verify", str(subject)),
                    *(f"--repo={repository}", f"--predicate-type={predicate_type}"),
                    *((f"--signer-repo={signer}",) if signer is not None else ()),
                    "--format=json",
                ],
                cwd=Path(folder),
                env=self._env,
                seconds=_SECONDS,
            )
        if done.code:
            raise _refused(brief(done.stderr) or "it gave no reason")
        try:
            # Without any attestation of this type it may end well, and print nothing.
            text = done.stdout[:_LARGEST].decode("utf-8").strip()
            found = plain_json(text) if text else []
            statements = [each["verificationResult"]["statement"] for each in found]
        except (DocumentError, UnicodeDecodeError, LookupError, TypeError) as error:
            raise _refused("its answer is not the one that its manual describes") from error
        if not all(isinstance(statement, dict) for statement in statements) or not statements:
            raise _refused(f"no attestation of the type {predicate_type} was found")
        return statements


def _refused(why: str) -> WorldError:
    return WorldError(
        f"`gh attestation verify` found no valid attestation: {why}",
        untouched="Nothing was changed.",
        remedy="Check that `gh auth status` succeeds, and that the release's job attested the "
        "manifest (private repositories need a plan that has attestations). If a workflow of "
        "another repository attested it, name that repository with --signer-repo OWNER/NAME.",
    )
