"""Results by content: what was computed once for these bytes is not computed again.

Belongs here: what an analysis asks of a memo. Does not: where one is kept (`adapters.memo`), and
what a result is made from (`model.data.provenance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from datarelease.model.data.provenance import Provenance


class Memo(Protocol):
    """Keeps results. It may forget any of them at any time, and then they are computed again."""

    def get(self, kind: str, made_from: Provenance) -> bytes | None:
        """The result of this kind that was made from exactly these inputs; None: not known."""

    def put(self, kind: str, made_from: Provenance, value: bytes) -> None:
        """Keep a result, if that is possible."""

    def get_blocks(
        self, kind: str, made_from: Provenance, places: Sequence[int]
    ) -> list[bytes] | None:
        """Those blocks of a result that are at these places; None: they are not known."""

    def put_blocks(self, kind: str, made_from: Provenance, blocks: Sequence[bytes]) -> None:
        """Keep a result in blocks, a few of which will be asked for at a time."""


class NoMemo:
    """Keeps nothing: every result is computed."""

    def get(self, kind: str, made_from: Provenance) -> bytes | None:  # noqa: ARG002 - a Memo
        """None."""
        return None

    def put(self, kind: str, made_from: Provenance, value: bytes) -> None:
        """Forget the result at once."""

    def get_blocks(
        self,
        kind: str,  # noqa: ARG002 - a Memo
        made_from: Provenance,  # noqa: ARG002
        places: Sequence[int],  # noqa: ARG002
    ) -> list[bytes] | None:
        """None."""
        return None

    def put_blocks(self, kind: str, made_from: Provenance, blocks: Sequence[bytes]) -> None:
        """Forget the result at once."""
