"""Channels: the grammar of their tags in both directions, and which version one means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.errors import SettingsError
from datarelease.model.versions.channel import (
    Channel,
    ChannelGrammar,
    Move,
    is_channel_name,
    version_of,
)
from datarelease.model.versions.version import TagGrammar, Version, Yank
from datarelease.settings.reading import read_tag_settings

PREFIXES = st.sampled_from(["data-v", "v", "datasets/people/v", "v1", "a.b-", "release", "channel"])
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z])?", fullmatch=True).filter(is_channel_name)
NUMBERS = st.integers(1, 999_999_999)


@given(prefix=PREFIXES, name=NAMES, number=NUMBERS)
def test_moves_survive_the_way_through_tags(prefix: str, name: str, number: int) -> None:
    """The tag of a move gives its channel and number back, and is never a version."""
    tags = TagGrammar(prefix)
    tag = ChannelGrammar(tags).format(name, number)
    assert ChannelGrammar(tags).parse(tag) == (name, number)
    assert tags.parse(tag) is None
    assert tags.parse_yank(tag) is None
    assert tags.parse_yank(f"{tag}-yanked") is None


@given(prefix=PREFIXES, number=NUMBERS)
def test_no_version_is_a_channel(prefix: str, number: int) -> None:
    """However a version is spelled, under any prefix, it names no channel and is no move."""
    tags = TagGrammar(prefix)
    for text in (tags.format(number), f"v{number}", str(number), "latest"):
        assert not is_channel_name(text)
    for tag in (tags.format(number), tags.format_yank(number)):
        assert ChannelGrammar(tags).parse(tag) is None


@given(
    prefix=PREFIXES, text=st.text(max_size=12) | st.from_regex("[a-z]{0,3}-?[0-9.\u0660\n]{0,4}")
)
def test_whatever_parses_as_a_move_is_spelled_that_way(prefix: str, text: str) -> None:
    """There is no second spelling of a move: what parses formats to the same text."""
    channels = ChannelGrammar(TagGrammar(prefix))
    for candidate in (text, channels.prefix + text):
        found = channels.parse(candidate)
        assert found is None or channels.format(*found) == candidate


@pytest.mark.parametrize(
    "name", ["", "Stable", "v3", "data-v3", "stable-", "-stable", "sta ble", "stable\n", "été", "3",
             "latest", "a" * 51, "a/b", "--reason"],
)  # fmt: skip
def test_what_names_no_channel(name: str) -> None:
    """Names that would be read as versions, options or paths, or that differ by case."""
    assert not is_channel_name(name)


def test_versions_cannot_be_tagged_like_moves_of_a_channel() -> None:
    """A tag prefix that would make each version a move of another project's channel is refused."""
    with pytest.raises(SettingsError, match="reserved for channels"):
        read_tag_settings({"release": {"tag_prefix": "data-channel-stable-"}})


def channel(*versions: str) -> Channel:
    """A channel that was set to these versions, in this order."""
    moves = (
        Move(number=n, tag=f"data-channel-stable-{n}", version=version, date="", by="", reason="")
        for n, version in enumerate(versions, 1)
    )
    return Channel(name="stable", moves=tuple(moves))


@pytest.mark.parametrize(
    ("set_to", "withdrawn", "means"),
    [
        (["data-v1", "data-v2"], [], "data-v2"),
        (["data-v2", "data-v1"], [], "data-v1"),
        (["data-v1", "data-v2"], [2], "data-v1"),
        (["data-v1", "data-v3", "data-v2"], [2, 3], "data-v1"),
        (["data-v1"], [1], None),
        (["data-v1", "data-v9"], [], "data-v1"),
    ],
)
def test_a_channel_means_its_newest_good_version(
    set_to: list[str], withdrawn: list[int], means: str | None
) -> None:
    """It falls back over withdrawn versions, and over those whose tag was deleted."""
    yank = Yank(reason="wrong", date="2026-11-28")
    versions = tuple(
        Version(
            number=n,
            tag=f"data-v{n}",
            commit="c",
            digest="d",
            yank=yank if n in withdrawn else None,
        )
        for n in (1, 2, 3)
    )
    found = version_of(channel(*set_to), versions)
    assert (found.tag if found else None) == means
