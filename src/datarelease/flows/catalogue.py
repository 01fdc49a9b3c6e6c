"""The versions that exist, as the remote's tags tell it."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.adapters.git import Git, Tag
from datarelease.errors import ConfigError
from datarelease.model.trailers import read_trailers
from datarelease.model.version import TagGrammar, Version, Yank


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Every version, oldest first."""

    versions: tuple[Version, ...]
    grammar: TagGrammar
    foreign: tuple[int, ...] = ()
    """Numbers taken by tags that this tool did not make; never used again, never a baseline."""
    note: str = ""
    """What a reader should know about where this list comes from."""

    @property
    def latest(self) -> Version | None:
        """The newest version that is not withdrawn; the baseline of a change."""
        return next((v for v in reversed(self.versions) if v.yank is None), None)

    @property
    def next_number(self) -> int:
        """One more than any number in use, withdrawn and foreign ones included."""
        return max([0, *self.foreign, *(version.number for version in self.versions)]) + 1

    def find(self, text: str) -> Version:
        """The version that a person means by ``data-v3``, ``v3``, ``3`` or ``latest``.

        Raises:
            ConfigError: No such spelling, or no such version; the known ones are named.
        """
        number = self.grammar.read(text)
        if number is None:
            found = self.latest
        else:
            found = next((v for v in self.versions if v.number == number), None)
        if found is None:
            tags = [version.tag for version in self.versions]
            known = ", ".join([*(["…"] if len(tags) > 8 else []), *tags[-8:]]) or "none yet"  # noqa: PLR2004 - a line's worth
            raise ConfigError(
                f"There is no version {text!r}.",
                untouched="Nothing was changed.",
                remedy=f"Versions: {known}. `datarelease list` shows them all.",
            )
        return found

    def with_digest(self, digest: str) -> Version | None:
        """The newest version with this content, withdrawn ones included."""
        return next((v for v in reversed(self.versions) if v.digest == digest), None)


def read_catalogue(git: Git, grammar: TagGrammar) -> Catalogue:
    """The versions on the remote, asked now; without a remote, those of local tags.

    Raises:
        WorldError: The remote does not answer.
    """
    if git.has_remote():
        git.fetch_versions(grammar.prefix)
        return _catalogue(git.tags(grammar.prefix), grammar, note="")
    note = "there is no git remote 'origin': versions are those of local tags"
    return _catalogue(git.tags(grammar.prefix, local=True), grammar, note=note)


def _catalogue(tags: tuple[Tag, ...], grammar: TagGrammar, note: str) -> Catalogue:
    yanks = {
        number: tag for tag in tags if (number := grammar.parse_yank(tag.name)) and tag.annotated
    }
    versions, foreign = [], []
    for tag in tags:
        number = grammar.parse(tag.name)
        if number is None:
            continue
        trailers = read_trailers(tag.message)
        digest = dict(trailers).get("Digest")
        if digest is None:
            foreign.append(number)
            continue
        versions.append(
            Version(
                number=number,
                tag=tag.name,
                commit=tag.commit,
                digest=digest,
                date=tag.date,
                trailers=trailers,
                yank=_yank(yanks[number]) if number in yanks else None,
            )
        )
    versions.sort(key=lambda version: version.number)
    return Catalogue(
        versions=tuple(versions), grammar=grammar, foreign=tuple(sorted(foreign)), note=note
    )


def _yank(tag: Tag) -> Yank:
    trailers = dict(read_trailers(tag.message))
    return Yank(
        reason=trailers.get("Reason", ""), date=tag.date, replacement=trailers.get("Replacement")
    )
