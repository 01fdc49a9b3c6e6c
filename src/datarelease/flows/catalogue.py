"""The versions that exist, according to the remote's tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

from datarelease.adapters.git.repository import Git, Tag
from datarelease.errors import ConfigError, ErasedVersionError
from datarelease.flows.tag_messages import read_channels, read_erasure, read_yank, tag_prefixes
from datarelease.model.versions.channel import Channel, is_channel_name, version_of
from datarelease.model.versions.version import TagGrammar, Version, read_trailers
from datarelease.model.wording import suggestion


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
    channels: tuple[Channel, ...] = field(default=(), compare=False)
    """By name; where they point is no part of what a release is planned from."""
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
        """The version that is meant by ``data-v3``, ``v3``, ``3``, ``latest`` or a channel's name.

        Raises:
            ConfigError: No such spelling, or no such version; the known ones are named.
        """
        if is_channel_name(text):
            return self._of_channel(self.channel(text))
        number = self.grammar.read(text, self.versions[-1].number) if self.versions else 0
        if number is None:
            found = self.latest
            if found is None:
                erased = " or erased" if any(v.erased for v in self.versions) else ""
                raise ConfigError(
                    f"Every version is withdrawn{erased}, so there is no latest one.",
                    remedy="`datarelease list` shows why. Read a withdrawn version by its name.",
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
                + (f"The newest version is {use.tag}." if use else "No version is active."),
            )
        return found

    def find_exactly(self, text: str) -> Version:
        """``find`` for those who change the version: a channel is where it was set last.

        Readers are led past a withdrawn version; the same command twice must not withdraw two.
        """
        known = {version.tag: version for version in self.versions}
        if is_channel_name(text) and (newest := self.channel(text).newest).version in known:
            return known[newest.version]
        return self.find(text)

    def channel(self, name: str) -> Channel:
        """The channel of this name.

        Raises:
            ConfigError: There is none; the known ones are named.
        """
        found = next((channel for channel in self.channels if channel.name == name), None)
        if found is None:
            hint = suggestion(name, (channel.name for channel in self.channels))
            ways = self.versions and self.grammar.spellings(self.versions[-1].number)
            raise ConfigError(
                f"{name!r} is not a version, and no channel has this name. {hint}",
                remedy=f"Write {ways}, latest or the name of a channel."
                if ways
                else "There is no version yet.",
            )
        return found

    def _of_channel(self, channel: Channel) -> Version:
        found = version_of(channel, self.versions)
        if found is None:
            raise ConfigError(
                f"The channel {channel.name} has no active version: each one that it was set to "
                "is withdrawn or erased, or is not here.",
                remedy=f"Read a version by its name, or set the channel to another one: "
                f"`datarelease channel set {channel.name} VERSION --reason TEXT`.",
            )
        return found

    def fallback(self, channel: Channel) -> str | None:
        """Why a channel does not mean the version that it was last set to, in sentences.

        None: it means that version.
        """
        found = self._of_channel(channel)
        if found.tag == channel.newest.version:
            return None
        set_to = next((v for v in self.versions if v.tag == channel.newest.version), None)
        why = (set_to and self.out_of_force(set_to)) or f"{channel.newest.version} is not here."
        return f"The channel {channel.name} falls back to its earlier version {found.tag}: {why}"

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
        said = self.withdrawn(version)
        if said is None:
            return None
        use = self.replacement(version)
        return f"{said} {f'Use {use.tag} instead.' if use else 'No other version is active.'}"

    def withdrawn(self, version: Version) -> str | None:
        """Why and since when a version was withdrawn, in a sentence; None: it was not."""
        if version.yank is None:
            return None
        reason = version.yank.reason.rstrip(".") or "no reason was given"
        return f"{version.tag} was withdrawn on {version.yank.date[:10]}: {reason}."

    def out_of_force(self, version: Version) -> str | None:
        """Why a version may be no channel and no baseline, in a sentence; None: it is in force."""
        return self.erasure(version) or self.withdrawn(version)

    def channels_at(self, version: Version) -> tuple[str, ...]:
        """The names of the channels that mean this version now."""
        return tuple(c.name for c in self.channels if version_of(c, self.versions) == version)

    def erasure(self, version: Version) -> str | None:
        """When and why the data of a version was erased, in a sentence; None: it was not."""
        if version.erased is None:
            return None
        reason = version.erased.reason.rstrip(".") or "no reason was given"
        return f"{version.tag} was erased on {version.erased.date[:10]}: {reason}."

    def state(self, version: Version) -> str:
        """How a version stands among the others, in a few words; empty: nothing sets it apart."""
        if version.erased is not None:
            return f"erased: {version.erased.reason}"
        if version.yank is not None:
            use = self.replacement(version)
            return f"withdrawn: {version.yank.reason}{f' (use {use.tag})' if use else ''}"
        rolled = version.trailer("Rollback-Of")
        parts = [*(["latest"] if version == self.latest else []), *self.channels_at(version)]
        parts += [f"data of {rolled}"] if rolled else []
        return ", ".join(parts)

    def with_digest(self, digest: str) -> Version | None:
        """The newest version with this content, withdrawn ones included.

        One that was erased counts where no other one has it.
        """
        found = [v for v in reversed(self.versions) if v.digest == digest]
        return next((v for v in found if v.erased is None), next(iter(found), None))


def fetch_tags(git: Git, grammar: TagGrammar, branch: str | None = None) -> str | None:
    """Bring our copy of the remote's tags of versions and channels up to date.

    With ``branch`` that branch comes at the same moment: its commit, None where it is not there.

    Raises:
        WorldError: The remote does not answer.
    """
    return git.fetch_versions(*tag_prefixes(grammar), branch=branch)


def read_catalogue(git: Git, grammar: TagGrammar) -> Catalogue:
    """The versions on the remote, asked now; without a remote, those of local tags.

    Raises:
        WorldError: The remote does not answer.
    """
    if git.has_remote():
        fetch_tags(git, grammar)
        return fetched_catalogue(git, grammar)
    local = git.tags(*tag_prefixes(grammar)).local
    note = "there is no git remote 'origin', so the versions are those of this clone's tags"
    return _catalogue(local, grammar, note=note, local=local)


def fetched_catalogue(git: Git, grammar: TagGrammar) -> Catalogue:
    """The versions on the remote as they were when its tags were last fetched."""
    tags = git.tags(*tag_prefixes(grammar))
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
            yank=read_yank(yanks[number], grammar) if number in yanks else None,
            erased=read_erasure(erasures[number]) if number in erasures else None,
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
        channels=read_channels(tags, grammar),
        local=frozenset(tag.name for tag in local),
    )
