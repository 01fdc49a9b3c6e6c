"""The catalogue: what stands in for a withdrawn version, and what `latest` means then."""

from __future__ import annotations

import pytest

from datarelease.errors import ConfigError, ErasedVersionError
from datarelease.flows.catalogue import Catalogue
from datarelease.model.versions.channel import Channel, Move
from datarelease.model.versions.version import Erasure, TagGrammar, Version, Yank

TAGS = TagGrammar()


def version(number: int, replacement: str | None = None, *, yanked: bool = False) -> Version:
    """Version ``number``, withdrawn where a ``replacement`` is named or ``yanked``."""
    yank = Yank(reason="wrong.", date="2026-11-28T10:00:00+00:00", replacement=replacement)
    return Version(
        number=number, tag=TAGS.format(number), commit="c", digest=f"d{number}",
        yank=yank if yanked or replacement else None,
    )  # fmt: skip


def erased(number: int, digest: str = "") -> Version:
    """Version ``number``, whose data was erased."""
    return Version(
        number=number, tag=TAGS.format(number), commit="c", digest=digest or f"d{number}",
        erased=Erasure(reason="a person asked for it.", date="2026-11-29T10:00:00+00:00"),
    )  # fmt: skip


def catalogue(*versions: Version) -> Catalogue:
    """These versions."""
    return Catalogue(versions=versions, grammar=TAGS)


@pytest.mark.parametrize(
    ("versions", "use"),
    [
        ([version(1), version(2, "data-v1"), version(3)], "data-v1"),
        # What was named is withdrawn as well: what replaces that, else the newest.
        ([version(1, "data-v3"), version(2, "data-v1"), version(3), version(4)], "data-v3"),
        ([version(1, "data-v2"), version(2, "data-v1"), version(3)], "data-v3"),
        ([version(1), version(2, "data-v9"), version(3)], "data-v3"),
        ([version(1), version(2, yanked=True), version(3)], "data-v3"),
        ([version(1, "data-v2"), version(2, "data-v1")], None),
    ],
)
def test_a_replacement_is_a_version_in_force(versions: list[Version], use: str | None) -> None:
    """However the withdrawals point at each other."""
    found = catalogue(*versions)
    withdrawn = next(v for v in reversed(versions) if v.yank is not None)
    replacement = found.replacement(withdrawn)
    assert (replacement.tag if replacement else None) == use
    said = found.withdrawal(withdrawn) or ""
    assert said.startswith(f"{withdrawn.tag} was withdrawn on 2026-11-28: wrong. ")
    assert said.endswith(f"Use {use} instead." if use else "No other version is active.")


def test_a_misspelt_version_is_answered_with_one_that_exists() -> None:
    """Its spellings are shown; without a version, the message says that there is none."""
    for text in ("data-1", "nightly"):
        with pytest.raises(ConfigError) as raised:
            catalogue(version(1), version(2)).find(text)
        assert "Write data-v2, v2, 2" in raised.value.remedy
        with pytest.raises(ConfigError) as raised:
            catalogue().find(text)
        assert "Write" not in raised.value.remedy
    with pytest.raises(ConfigError, match="There is no version 'data-1'"):
        catalogue().find("data-1")


def test_a_channel_whose_versions_are_elsewhere_says_so() -> None:
    """A remote that was added later has not the version that a channel was set to before."""
    moved = [
        Move(
            number=n,
            tag=f"data-channel-stable-{n}",
            version=TAGS.format(n),
            date="",
            by="",
            reason="",
        )
        for n in (1, 2)
    ]
    first, both = Channel(name="stable", moves=(moved[0],)), Channel(name="stable", moves=(*moved,))
    later = Catalogue(versions=(version(3),), grammar=TAGS, channels=(first,))
    with pytest.raises(ConfigError, match="is withdrawn or erased, or is not here"):
        later.find("stable")
    fallen = Catalogue(versions=(version(1), version(3)), grammar=TAGS, channels=(both,))
    assert "data-v2 is not here" in str(fallen.fallback(both))


def test_latest_is_never_a_withdrawn_version() -> None:
    """Where all are withdrawn there is none, and the message says so; by name they are found."""
    found = catalogue(version(1), version(2, "data-v1"))
    assert found.find("latest").number == 1
    assert found.withdrawal(found.find("latest")) is None
    none = catalogue(version(1, yanked=True))
    with pytest.raises(ConfigError, match="Every version is withdrawn"):
        none.find("latest")
    assert none.find("1").number == 1


def test_an_erased_version_is_neither_latest_nor_read_nor_a_replacement() -> None:
    """It is found by its name, and who wants its data is told when and why it is gone."""
    found = catalogue(version(1), version(2, "data-v3"), erased(3))
    assert found.find("latest").number == 1
    assert found.next_number == 4
    assert found.replacement(found.find("2")) == found.find("1")
    assert found.state(found.find("3")) == "erased: a person asked for it."
    assert found.withdrawal(found.find("3")) is None
    said = "data-v3 was erased on 2026-11-29: a person asked for it."
    assert found.erasure(found.find("3")) == said
    assert found.find_readable("1") == found.find("1")
    with pytest.raises(ErasedVersionError) as caught:
        found.find_readable("v3")
    assert caught.value.what == said
    assert caught.value.remedy.endswith("The newest version is data-v1.")
    with pytest.raises(ConfigError, match="Every version is withdrawn or erased, so"):
        catalogue(version(1, yanked=True), erased(2)).find("latest")


def test_equal_data_that_was_not_erased_comes_first() -> None:
    """Only where no other version has it is it the data of an erased one."""
    assert catalogue(version(1), erased(2, "d1")).with_digest("d1") == version(1)
    assert catalogue(version(1), erased(2)).with_digest("d2") == erased(2)
    assert catalogue(version(1), erased(2)).with_digest("d3") is None
