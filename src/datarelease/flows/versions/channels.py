"""Setting a channel to a version: one more tag, and nothing else is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from datarelease.errors import ConfigError, DatareleaseError, WorldError
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.flows.repository import Repository
from datarelease.flows.versions.index import write_index
from datarelease.flows.versions.tagged_commit import tagged_commit
from datarelease.model.versions.channel import (
    NAME_RULE,
    Channel,
    ChannelGrammar,
    DeclaredChannel,
    Move,
    is_channel_name,
)
from datarelease.model.versions.version import Version, write_message
from datarelease.progress import Step

_UNTOUCHED = "The channel was not set."


@dataclass(frozen=True, kw_only=True)
class ChannelSet:
    """A channel as it stands after it was set."""

    channel: Channel
    before: str | None
    """The version that it was set to before; None: the channel is new."""

    @property
    def moved(self) -> bool:
        """A tag was made; otherwise the channel was at this version already."""
        return self.before != self.channel.newest.version


def set_channel(
    repository: Repository,
    name: str,
    text: str,
    *,
    reason: str,
    by: str | None = None,
    in_workflow: bool = False,
) -> ChannelSet:
    """The channel ``name``, now set to a version; it is made where there is none.

    Args:
        repository: Whose git remote gets the tag.
        name: Of the channel.
        text: The version, or another channel that is at it.
        reason: Why, written for those who follow the channel.
        by: Who asked for it, where git's own identity does not say that.
        in_workflow: The tag is pushed with the token of a workflow.

    Raises:
        ConfigError: No such name or version, no reason, or the version is withdrawn.
        WorldError: The git remote refused, or somebody else set the channel meanwhile.
    """
    if not is_channel_name(name):
        raise ConfigError(f"{name!r} is not a valid name of a channel. {NAME_RULE}.")
    if not reason.strip():
        raise ConfigError(
            "A reason is needed, written for those who follow the channel.",
            remedy="Add `--reason TEXT`.",
        )
    catalogue = read_catalogue(repository.git, repository.tags)
    version = catalogue.find(text)
    before = _channel(catalogue, name)
    _in_force(catalogue, version, name)
    if before is not None and before.newest.version == version.tag:
        return ChannelSet(channel=before, before=version.tag)
    tag = _free_tag(repository, name, before)
    who = [("By", by)] if by else []
    message = write_message(
        f"{tag}: {name} is {version.tag}",
        [("Version", version.tag), ("Reason", reason), *who],
    )
    with repository.progress.step(Step.TAG_OBJECT):
        commit = tagged_commit(repository, version, in_workflow=in_workflow)
        sha = repository.git.tag_object(tag, commit, message)
    with repository.progress.step(Step.PUSH):
        [result] = repository.git.push({f"refs/tags/{tag}": sha})
    now = read_catalogue(repository.git, repository.tags)
    after = _channel(now, name)
    if not result.accepted:
        raise _refused(name, tag, result.reason, after)
    if after is None or all(move.tag != tag for move in after.moves):
        raise WorldError(
            f"The git remote accepted the tag {tag}, but does not have it any more.",
            untouched=_UNTOUCHED,
            remedy="Find out who deletes tags, then run the command again.",
        )
    write_index(repository, now)
    return ChannelSet(channel=after, before=before.newest.version if before else None)


def apply_channels(
    repository: Repository,
    declared: Sequence[DeclaredChannel],
    *,
    by: str | None,
    in_workflow: bool,
) -> tuple[str, ...]:
    """Set the channels that are declared; one that is at its version already is left alone.

    Returns:
        A warning for each that could not be set, of which the reader was told.
    """
    warnings = []
    for one in declared:
        try:
            done = set_channel(
                repository, one.name, one.version,
                reason=one.reason, by=by, in_workflow=in_workflow,
            )  # fmt: skip
        except DatareleaseError as error:
            warning = (
                f"The channel {one.name} was not set to {one.version}: "
                f"{' '.join(str(error).split())}"
            )
            repository.progress.warn(warning)
            warnings.append(warning)
        else:
            said = "is now set" if done.moved else "was set already"
            repository.progress.say(f"the channel {one.name} {said} to {one.version}")
    return tuple(warnings)


def channel_notes(declared: Sequence[DeclaredChannel], catalogue: Catalogue) -> Iterator[str]:
    """What the declared channels mean for a reviewer: where merging sets them, or why it cannot."""
    coming = catalogue.grammar.format(catalogue.next_number)
    for one in declared:
        where = f"the channel {one.name} to {one.version}"
        try:
            version = catalogue.find(one.version)
        except ConfigError as error:
            if one.version != coming:
                yield f"merging does not set {where}: {error.what}"
                continue
            tag, gone = coming, None
        else:
            tag, gone = version.tag, catalogue.out_of_force(version)
        channel = _channel(catalogue, one.name)
        if gone is not None:
            yield f"merging does not set {where}: {gone}"
        elif channel is None or channel.newest.version != tag:
            yield f"merging sets {where}: {one.reason}"


def _free_tag(repository: Repository, name: str, before: Channel | None) -> str:
    """The tag of the next move; tags that this tool did not make take their numbers, too."""
    channels = ChannelGrammar(repository.tags)
    taken = {tag.name for tag in repository.git.tags(channels.prefix).remote}
    first = before.newest.number + 1 if before else 1
    return next(
        tag for number in count(first) if (tag := channels.format(name, number)) not in taken
    )


def _channel(catalogue: Catalogue, name: str) -> Channel | None:
    return next((channel for channel in catalogue.channels if channel.name == name), None)


def _in_force(catalogue: Catalogue, version: Version, name: str) -> None:
    said = catalogue.out_of_force(version)
    if said is None:
        return
    use = catalogue.replacement(version)
    back = f", or take the withdrawal back first: `datarelease unyank {version.tag}`"
    raise ConfigError(
        f"{said} The channel {name} cannot be set to it.",
        remedy=f"Set the channel to {use.tag if use else 'an active version'}"
        f"{back if version.erased is None else ''}.",
    )


def _refused(name: str, tag: str, reason: str, after: Channel | None) -> WorldError:
    """The error of a push that was refused: somebody else was faster, or may not push."""
    other: Move | None = next((m for m in after.moves if m.tag == tag), None) if after else None
    if other is None:
        return WorldError(
            f"The git remote refused the tag {tag}: {reason}",
            untouched=_UNTOUCHED,
            remedy="Check that you may push tags, then run the command again.",
        )
    return WorldError(
        f"{other.by} set the channel {name} to {other.version} at the same time: {other.reason}",
        untouched=_UNTOUCHED,
        remedy="If your version is still the right one, run the command again.",
    )
