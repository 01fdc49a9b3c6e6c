"""Versions and the tag grammar, in both directions. Nothing else spells or parses a tag.

Trailers are ``Key: value`` lines at the end of a tag's message, as in git-interpret-trailers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from datarelease.errors import ConfigError
from datarelease.model.wording import short_repr

DEFAULT_PREFIX = "data-v"
YANKED = "-yanked"
ERASED = "-erased"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class TagGrammar:
    """How versions are spelled as git tags.

    >>> tags = TagGrammar()
    >>> tags.format(7), tags.parse("data-v7"), tags.parse_yank(tags.format_yank(7))
    ('data-v7', 7, 7)
    >>> [tags.parse(t) for t in ("data-v0", "data-v01", "data-v1.2", "xdata-v1", "data-v1-yanked")]
    [None, None, None, None, None]
    >>> [tags.number(t) for t in ("data-v3", "data-v4-yanked", "data-v5-erased", "data-v6-x")]
    [3, 4, 5, None]
    """

    prefix: str = DEFAULT_PREFIX

    def format(self, number: int) -> str:
        """The tag of version ``number``."""
        return f"{self.prefix}{number}"

    def parse(self, tag: str) -> int | None:
        """The number of a version tag, or None for any other tag."""
        if not tag.startswith(self.prefix):
            return None
        rest = tag[len(self.prefix) :]
        return int(rest) if _NUMBER.fullmatch(rest) else None

    def format_yank(self, number: int) -> str:
        """The tag that withdraws version ``number``."""
        return f"{self.format(number)}{YANKED}"

    def parse_yank(self, tag: str) -> int | None:
        """The number withdrawn by a yank tag, or None for any other tag."""
        return self.parse(tag.removesuffix(YANKED)) if tag.endswith(YANKED) else None

    def format_erased(self, number: int) -> str:
        """The tag that says that the data of version ``number`` was erased."""
        return f"{self.format(number)}{ERASED}"

    def parse_erased(self, tag: str) -> int | None:
        """The number in a tag of an erasure, or None for any other tag."""
        return self.parse(tag.removesuffix(ERASED)) if tag.endswith(ERASED) else None

    def number(self, tag: str) -> int | None:
        """The number that a version's tag uses, or one that withdraws or erases it; else None."""
        return self.parse(tag) or self.parse_yank(tag) or self.parse_erased(tag)

    def spellings(self, number: int) -> str:
        """The ways to write version ``number``.

        >>> TagGrammar().spellings(3)
        'data-v3, v3, 3'
        """
        return f"{self.format(number)}, v{number}, {number}"

    def read(self, text: str, known: int = 3) -> int | None:
        """The number a person means, None for ``latest``; messages name version ``known``.

        >>> [TagGrammar().read(t) for t in ("data-v3", "v3", "3", "latest")]
        [3, 3, 3, None]

        Raises:
            ConfigError: The text names no version.
        """
        if text == "latest":
            return None
        number = self.parse(text)
        if number is None:
            bare = text.removeprefix("v")
            number = int(bare) if _NUMBER.fullmatch(bare) else None
        if number is None:
            raise ConfigError(
                f"{text!r} is not a version.",
                remedy=f"Write {self.spellings(known)} or latest; `datarelease list` shows all.",
            )
        return number


@dataclass(frozen=True, kw_only=True)
class Yank:
    """Why a version was withdrawn; its bytes and its tag stay."""

    reason: str
    date: str
    replacement: str | None = None


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """Why the data of a version was deleted permanently; its tag and its manifest stay."""

    reason: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Version:
    """One released version as its tag tells it."""

    number: int
    tag: str
    commit: str
    """The commit that the tag points at (peeled)."""
    digest: str
    date: str = ""
    """When the tag was made, ISO 8601."""
    trailers: tuple[tuple[str, str], ...] = ()
    yank: Yank | None = None
    erased: Erasure | None = None

    def __repr__(self) -> str:
        state = "erased" if self.erased else "withdrawn" if self.yank else ""
        return short_repr(self, self.tag, self.date[:10], state)

    @property
    def in_force(self) -> bool:
        """It was neither withdrawn nor erased: it may be the latest, and a baseline."""
        return self.yank is None and self.erased is None

    def trailer(self, name: str) -> str | None:
        """The value of a trailer of the tag's message, or None."""
        return next((value for key, value in self.trailers if key == name), None)

    @property
    def rows(self) -> tuple[tuple[str, int], ...]:
        """Rows of each dataset, as (name, count); what was not counted is left out.

        >>> trailers = (("Rows", "people=3 events=40"),)
        >>> Version(number=1, tag="data-v1", commit="", digest="", trailers=trailers).rows
        (('people', 3), ('events', 40))
        """
        return self._counts("Rows")

    @property
    def files(self) -> tuple[tuple[str, int], ...]:
        """Files of each dataset of files, in the same way."""
        return self._counts("Files")

    def _counts(self, trailer: str) -> tuple[tuple[str, int], ...]:
        pairs = (part.rpartition("=") for part in (self.trailer(trailer) or "").split())
        return tuple((name, int(count)) for name, _, count in pairs if name and count.isdecimal())

    @property
    def renamed(self) -> dict[str, str]:
        """The datasets that this version gave another name, by it, and what they were called."""
        pairs = (part.partition("=") for part in (self.trailer("Renamed") or "").split())
        return {new: old for new, _, old in pairs if new and old}

    @property
    def retired(self) -> tuple[str, ...]:
        """The datasets that are no more since this version, and were not lost."""
        return tuple((self.trailer("Retired") or "").split())

    @property
    def manifest_sha256(self) -> str | None:
        """The SHA-256 of the version's manifest; None: the tag names none."""
        sha256 = self.trailer("Manifest-Sha256") or ""
        return sha256 if _SHA256.fullmatch(sha256) else None


_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.*)", re.ASCII)


def read_trailers(message: str) -> tuple[tuple[str, str], ...]:
    r"""The (key, value) pairs in the last paragraph of a message, in order.

    A signature behind the message is not a part of it.

    >>> read_trailers("data-v1: first\n\nDigest: ab\nRows: customers=3\n")
    (('Digest', 'ab'), ('Rows', 'customers=3'))
    >>> read_trailers("no trailers here")
    ()
    """
    body = message.partition("-----BEGIN ")[0].strip("\n")
    head, _, last = body.rpartition("\n\n")
    if not head:
        return ()
    matches = [_LINE.fullmatch(line) for line in last.split("\n")]
    return tuple((match[1], match[2]) for match in matches if match)


def write_message(subject: str, trailers: Iterable[tuple[str, str]]) -> str:
    r"""A message of one subject line and trailers; line ends in values become spaces.

    >>> write_message("a  b", [("Digest", "ab"), ("Reason", "two\nlines")])
    'a b\n\nDigest: ab\nReason: two lines'
    """
    lines = [f"{key}: {' '.join(value.split())}" for key, value in trailers]
    return "\n".join([" ".join(subject.split()), "", *lines])
