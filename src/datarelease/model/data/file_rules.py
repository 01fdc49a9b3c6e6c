r"""What `meta.files` of a dataset demands of its files.

Patterns are those of Rust's `regex`, which takes linear time for every pattern and text, so that
none that a repository holds can keep a check busy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_PATTERN = 500
"""Characters of a pattern for names."""


@dataclass(frozen=True, kw_only=True)
class FileRules:
    """What every file of a dataset has to be; what is empty or None demands nothing."""

    kinds: tuple[str, ...] = ()
    """Content types, of which ``image/*`` means every image."""
    names: str | None = None
    """Pattern that the whole name of a file matches, without the folders above it."""
    max_size: int | None = None
    """Bytes."""

    @property
    def in_words(self) -> dict[str, str]:
        """What is demanded, by the name of its setting.

        >>> FileRules(kinds=("image/png", "image/jpeg"), max_size=5_000_000).in_words
        {'kinds': 'image/png, image/jpeg', 'max_size': '5,000,000 bytes'}
        """
        return dict(self._said())

    def _said(self) -> Iterator[tuple[str, str]]:
        if self.kinds:
            yield "kinds", ", ".join(self.kinds)
        if self.names is not None:
            yield "names", self.names
        if self.max_size is not None:
            yield "max_size", f"{self.max_size:,} bytes"


def is_of(kind: str, allowed: Iterable[str]) -> bool:
    """Whether a content type is one of those allowed.

    >>> is_of("image/png", ["image/*"]), is_of("image/png", ["image/jpeg"])
    (True, False)
    """
    family = f"{kind.partition('/')[0]}/*"
    return any(one in {kind, family} for one in allowed)


def whole(pattern: str) -> str:
    r"""``pattern`` so that it matches whole texts only.

    >>> print(whole("[a-z]+|x"))
    \A(?:[a-z]+|x)\z
    """
    return rf"\A(?:{pattern})\z"
