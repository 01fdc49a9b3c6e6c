"""The versions that exist, according to the remote's tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

from datarelease.adapters.git.repository import Git, Tag
from datarelease.errors import ConfigError, ErasedVersionError
from datarelease.model.versions.version import (
    Erasure,
    TagGrammar,
    Version,
    Yank,
    read_trailers,
)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Every version, oldest first."""

    versions: tuple[Version, ...]
    grammar: TagGrammar
    foreign: tuple[int, ...] = ()
    """Further numbers in use, such as those of tags that this tool did not make; no baselines."""
    hand_made: tuple[str, ...] = ()
    """Tags with our trailers that differ from the manifest they name; their numbers are used."""
    note: str = ""
    """What a reader should know about where this list comes from."""
    local: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Names of this clone's own tags, which make no version but take their numbers."""

    @property
    def latest(self) -> Version | None:
        """The newest version in force; the baseline of a change."""
        return next((v for v in reversed(self.versions) if v.in_force), None)

    @property
    def next_number(self) -> int:
        """One more than any number in use, withdrawn and foreign ones included."""
        return max([0, *self.foreign, *(version.number for version in self.versions)]) + 1

    def taking(self, numbers: Iterable[int]) -> Catalogue:
        """The same versions, with further numbers in use."""
        return dataclasses.replace(self, foreign=tuple(sorted({*self.foreign, *numbers})))

    def without(self, version: Version) -> Catalogue:
        """The same but for a version whose tag turned out to be made by hand."""
        return dataclasses.replace(
            self.taking([version.number]),
            versions=tuple(v for v in self.versions if v != version),
            hand_made=(*self.hand_made, version.tag),
        )

    def find(self, text: str) -> Version:
        """The version that is meant by ``data-v3``, ``v3``, ``3`` or ``latest``.

        Raises:
            ConfigError: No such spelling, or no such version; the known ones are named.
        """
        number = self.grammar.read(text)
        if number is None:
            found = self.latest
            if found is None and self.versions:
                erased = " or erased" if any(v.erased for v in self.versions) else ""
                raise ConfigError(
                    f"Every version is withdrawn{erased}, so there is no latest one.",
                    remedy="`datarelease list` shows why; a withdrawn version is read by its name.",
                )
        else:
            found = next((v for v in self.versions if v.number == number), None)
        if found is None:
            tags = [version.tag for version in self.versions]
            known = ", ".join([*(["…"] if len(tags) > 8 else []), *tags[-8:]]) or "none yet"  # noqa: PLR2004 - a line's worth
            raise ConfigError(
                f"There is no version {text!r}.",
                remedy=f"Versions: {known}. `datarelease list` shows them all.",
            )
        return found

    def find_readable(self, text: str) -> Version:
        """The same, of which there is data to read.

        Raises:
            ConfigError: As `find`.
            ErasedVersionError: Its data was erased.
        """
        found = self.find(text)
        erasure = self.erasure(found)
        if erasure is not None:
            use = self.latest
            raise ErasedVersionError(
                erasure,
                untouched="Nothing was read or written.",
                remedy="Its manifest still says what it held: `datarelease show "
                f"{found.tag}`. "
                + (f"The newest version is {use.tag}." if use else "No version is in force."),
            )
        return found

    def replacement(self, version: Version) -> Version | None:
        """What to use instead of a withdrawn version: its named replacement, or its successors.

        Where what was named is withdrawn as well, its own replacement counts; where that leads
        nowhere, the newest version does. None: every version is withdrawn.
        """
        known = {other.tag: other for other in self.versions}
        seen: set[str] = set()
        found: Version | None = version
        while found is not None and not found.in_force and found.tag not in seen:
            seen.add(found.tag)
            found = known.get((found.yank.replacement if found.yank else None) or "")
        return found if found is not None and found.in_force else self.latest

    def withdrawal(self, version: Version) -> str | None:
        """Why, since when and for what a version was withdrawn, in a sentence; None: it was not."""
        if version.yank is None:
            return None
        use = self.replacement(version)
        instead = f"Use {use.tag} instead." if use else "No other version is in force."
        reason = version.yank.reason.rstrip(".") or "no reason was given"
        return f"{version.tag} was withdrawn on {version.yank.date[:10]}: {reason}. {instead}"

    def erasure(self, version: Version) -> str | None:
        """When and why the data of a version was erased, in a sentence; None: it was not."""
        if version.erased is None:
            return None
        reason = version.erased.reason.rstrip(".") or "no reason was given"
        return f"{version.tag} was erased on {version.erased.date[:10]} because {reason}."

    def state(self, version: Version) -> str:
        """How a version stands among the others, in a few words; empty: nothing sets it apart."""
        if version.erased is not None:
            return f"erased: {version.erased.reason}"
        if version.yank is not None:
            use = self.replacement(version)
            return f"withdrawn: {version.yank.reason}{f' (use {use.tag})' if use else ''}"
        rolled = version.trailer("Rollback-Of")
        parts = ["latest"] if version == self.latest else []
        parts += [f"data of {rolled}"] if rolled else []
        return ", ".join(parts)

    def with_digest(self, digest: str) -> Version | None:
        """The newest version with this content, withdrawn ones included.

        One that was erased counts where no other one has it.
        """
        found = [v for v in reversed(self.versions) if v.digest == digest]
        return next((v for v in found if v.erased is None), next(iter(found), None))


def read_catalogue(git: Git, grammar: TagGrammar) -> Catalogue:
    """The versions on the remote, asked now; without a remote, those of local tags.

    Raises:
        WorldError: The remote does not answer.
    """
    if git.has_remote():
        git.fetch_versions(grammar.prefix)
        return fetched_catalogue(git, grammar)
    local = git.tags(grammar.prefix).local
    note = "there is no git remote 'origin': versions are those of local tags"
    return _catalogue(local, grammar, note=note, local=local)


def fetched_catalogue(git: Git, grammar: TagGrammar) -> Catalogue:
    """The versions on the remote as they were when its tags were last fetched."""
    tags = git.tags(grammar.prefix)
    return _catalogue(tags.remote, grammar, note="", local=tags.local)


def _catalogue(
    tags: tuple[Tag, ...], grammar: TagGrammar, *, note: str, local: tuple[Tag, ...]
) -> Catalogue:
    yanks = {
        number: tag for tag in tags if (number := grammar.parse_yank(tag.name)) and tag.annotated
    }
    erasures = {
        number: tag for tag in tags if (number := grammar.parse_erased(tag.name)) and tag.annotated
    }
    # A withdrawal remains when its version's tag is deleted, and so does the use of the number.
    foreign = [
        number
        for tag in tags
        if grammar.parse(tag.name) is None and (number := grammar.number(tag.name))
    ]
    versions = []
    for tag in tags:
        number = grammar.parse(tag.name)
        if number is None:
            continue
        trailers = read_trailers(tag.message)
        version = Version(
            number=number,
            tag=tag.name,
            commit=tag.commit,
            digest=dict(trailers).get("Digest", ""),
            date=tag.date,
            trailers=trailers,
            yank=_yank(yanks[number], grammar) if number in yanks else None,
            erased=_erasure(erasures[number]) if number in erasures else None,
        )
        # A message names its version, so that another version's tag object is not taken for it.
        ours = version.digest and version.manifest_sha256 and tag.message.startswith(f"{tag.name}:")
        if ours:
            versions.append(version)
        else:
            foreign.append(number)
    versions.sort(key=lambda version: version.number)
    return Catalogue(
        versions=tuple(versions),
        grammar=grammar,
        foreign=tuple(sorted({*foreign})),
        note=note,
        local=frozenset(tag.name for tag in local),
    )


def _yank(tag: Tag, grammar: TagGrammar) -> Yank:
    trailers = dict(read_trailers(tag.message))
    replacement = trailers.get("Replacement", "")
    return Yank(
        reason=_printable(trailers.get("Reason", "")),
        date=tag.date,
        replacement=replacement if grammar.parse(replacement) is not None else None,
    )


def _erasure(tag: Tag) -> Erasure:
    trailers = dict(read_trailers(tag.message))
    return Erasure(reason=_printable(trailers.get("Reason", "")), date=tag.date)


def _printable(text: str) -> str:
    """A text that everybody who may push tags can write, and every reader of a version sees."""
    return "".join(char if char.isprintable() else " " for char in text).strip()
