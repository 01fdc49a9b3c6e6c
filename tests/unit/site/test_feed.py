"""The feed of the catalogue, held to RFC 4287 and read by the reader that most programs use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from tests import site_samples as samples
from tests.hostile import broken_by

from datarelease.model.versions.channel import Channel, Move
from datarelease.model.versions.version import Yank
from datarelease.site.content.read import SiteContent
from datarelease.site.content.timeline import timeline_of
from datarelease.site.feed import atom
from datarelease.site.pages import Pages

ADDRESS = "https://acme.github.io/shop-data/"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def feed_of(content: SiteContent, url: str = ADDRESS) -> bytes:
    """The feed of a catalogue at ``url``."""
    timeline = timeline_of(content)
    return atom(timeline, Pages(timeline).views, url)


def assert_sound(feed: bytes, entries: int) -> None:
    """It keeps the grammar of RFC 4287 and its rules that no grammar has; a reader finds it all."""
    document = etree.fromstring(feed)
    assert SCHEMA.validate(document), SCHEMA.error_log
    for place in (document, *document.findall("a:entry", ATOM)):
        rels = [(link.get("rel"), link.get("type")) for link in place.findall("a:link", ATOM)]
        assert len(set(rels)) == len(rels), "section 4.1: one alternate of each type"
        assert place.findtext("a:title", namespaces=ATOM).strip()
    assert document.find("a:link[@rel='self']", ATOM).get("href").endswith("feed.atom")
    names = [entry.findtext("a:id", namespaces=ATOM) for entry in document.findall("a:entry", ATOM)]
    assert len({*names, document.findtext("a:id", namespaces=ATOM)}) == entries + 1

    read = feedparser.parse(feed)
    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    assert [entry.id for entry in read.entries] == names
    times = [entry.updated_parsed for entry in read.entries]
    assert None not in times
    if times:
        assert read.feed.updated_parsed == max(times)


@pytest.mark.parametrize("url", [ADDRESS, ""], ids=["published", "on a disk"])
def test_a_feed_is_atom(url: str) -> None:
    """Of twelve versions, one withdrawn, with a channel; where nobody knows its address, too."""
    feed = feed_of(samples.shop(), url)
    assert_sound(feed, entries=12)
    first = feedparser.parse(feed).entries[0]
    assert first.link == f"{url}versions/data-v12.html"
    assert first.title == "data-v12: patch"
    assert first.summary_detail.type == "text/plain"


def test_a_feed_without_versions_is_atom() -> None:
    """It has its identity and a time."""
    assert_sound(feed_of(samples.content([])), entries=0)


def test_a_feed_of_hostile_texts_is_atom() -> None:
    """As title, author, reason of a withdrawal and of a channel: text, and never markup."""

    def held(text: str) -> None:
        first, second = samples.shop().versions[:2]
        withdrawn = replace(
            first,
            version=replace(
                first.version, yank=Yank(reason=text, date="2022-03-01T08:00:00Z", replacement=None)
            ),
            figures=replace(first.figures, author=text, subject=text),
        )
        move = Move(
            number=1, tag="data-channel-stable-1", version=second.version.tag,
            date="2022-03-02T08:00:00Z", by=text, reason=text,
        )  # fmt: skip
        content = samples.content(
            [withdrawn, second], title=text, channels=(Channel(name="stable", moves=(move,)),)
        )
        feed = feed_of(content)
        assert_sound(feed, entries=2)
        assert {element.tag.rpartition("}")[2] for element in etree.fromstring(feed).iter()} == {
            "feed", "title", "id", "updated", "published", "author", "name", "link", "entry",
            "summary",
        }  # fmt: skip

    assert broken_by(held) == {}
