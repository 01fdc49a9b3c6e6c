"""What the report says of channels that params.yaml declares."""

from __future__ import annotations

import dataclasses

from datarelease.flows.catalogue import Catalogue
from datarelease.flows.versions.channels import channel_notes
from datarelease.model.versions.channel import Channel, DeclaredChannel, Move
from datarelease.model.versions.version import TagGrammar, Version, Yank

TAGS = TagGrammar()


def version(number: int) -> Version:
    """Version ``number``."""
    return Version(number=number, tag=TAGS.format(number), commit="c", digest=f"d{number}")


def notes(catalogue: Catalogue, text: str) -> list[str]:
    """What is said where the channel ``stable`` is declared for a version."""
    declared = DeclaredChannel(name="stable", version=text, reason="It is complete.")
    return list(channel_notes([declared], catalogue))


def test_a_reviewer_reads_where_merging_sets_a_channel() -> None:
    """To a version that exists, or to the one that merging makes; not where it is already."""
    move = Move(number=1, tag="data-channel-stable-1", version="data-v1", date="", by="", reason="")
    two = Catalogue(
        versions=(version(1), version(2)),
        grammar=TAGS,
        channels=(Channel(name="stable", moves=(move,)),),
    )
    assert notes(two, "data-v1") == []
    assert notes(two, "data-v2") == ["merging sets the channel stable to data-v2: It is complete."]
    assert notes(two, "data-v3") == ["merging sets the channel stable to data-v3: It is complete."]


def test_a_reviewer_reads_why_a_channel_cannot_be_set() -> None:
    """A version that neither exists nor is made by merging, and one that was withdrawn."""
    withdrawn = dataclasses.replace(version(2), yank=Yank(reason="wrong.", date="2026-11-28"))
    catalogue = Catalogue(versions=(version(1), withdrawn), grammar=TAGS)
    [unknown] = notes(catalogue, "data-v9")
    assert unknown.startswith("merging does not set the channel stable to data-v9: ")
    [gone] = notes(catalogue, "data-v2")
    assert gone.startswith("merging does not set the channel stable to data-v2: data-v2 was withdr")
