"""The catalogue from values: its pages, feed and data, and what it never shows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import jsonschema
from tests import site_samples as samples

from datarelease.model.versions.version import Erasure
from datarelease.progress import Quiet
from datarelease.site.build import site_files
from datarelease.site.content.read import ReleasedVersion, SiteContent


def read_xml(data: bytes) -> ET.Element:
    """The document that the site wrote."""
    return ET.fromstring(data)  # noqa: S314 - our own


ATOM = "{http://www.w3.org/2005/Atom}"


@cache
def shop() -> Mapping[str, bytes]:
    """The files of the sample's site."""
    return site_files(samples.shop(), Quiet())


def page(path: str) -> str:
    """A page of it as text."""
    return shop()[path].decode()


class Links(HTMLParser):
    """The addresses on a page, and its scripts and handlers."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element asks for."""
        given = dict(attrs)
        self.links += [v for n, v in given.items() if n in {"href", "src"} and v is not None]
        self.ids |= {value for name, value in given.items() if name == "id" and value}
        self.wrong += [name for name in given if name.startswith("on") or name == "style"]
        if tag == "script" and "src" not in given:
            self.wrong.append("inline script")


def dangling(files: Mapping[str, bytes]) -> list[str]:
    """Links of pages that lead out of the site, or to no file or place of it."""
    ids = {p: Links(d.decode()).ids for p, d in files.items() if p.endswith(".html")}
    out = []
    for path in ids:
        for link in Links(files[path].decode()).links:
            parts = urlsplit(link)
            if link.startswith("https://github.com/acme/"):
                continue
            folders = list(PurePosixPath(path).parent.parts)
            for part in unquote(parts.path).split("/") if parts.path else []:
                folders = folders[:-1] if part == ".." else [*folders, part]
            target = "/".join(folders) if parts.path else path
            fragment = parts.fragment
            known = fragment in ids.get(target, set()) or "..." in fragment or not fragment
            if parts.scheme or parts.netloc or target not in files or not known:
                out.append(f"{path}: {link}")
    return out


def test_every_link_leads_to_a_file_of_the_site_by_a_relative_path() -> None:
    """So that it works from a disk, and below any path of a host."""
    assert dangling(shop()) == []


def test_no_page_holds_a_script_or_a_style_of_its_own() -> None:
    """The policy of each page allows files of the site alone."""
    for path, data in shop().items():
        if path.endswith(".html"):
            assert Links(data.decode()).wrong == [], path
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in data.decode()


def test_equal_content_gives_equal_bytes() -> None:
    """No clock and no order of a set is in a page."""
    assert site_files(samples.shop(), Quiet()) == shop()


def test_the_first_page_tells_of_each_version_newest_first() -> None:
    """With its compatibility, what became of it, and how much it holds."""
    tags = re.findall(r'<li class="at (\w+)( gone)?" id="(data-v\d+)">', page("index.html"))
    assert [tag for _, _, tag in tags] == [f"data-v{n}" for n in range(12, 0, -1)]
    assert {tag: kind for kind, _, tag in tags}["data-v5"] == "breaking"
    assert [tag for _, gone, tag in tags if gone] == ["data-v7"]
    assert "prices are in the wrong currency. Use data-v8 instead." in page("index.html")


def test_a_version_says_how_it_is_loaded() -> None:
    """By each way, with the address of the repository."""
    text = page("versions/data-v9.html").replace("&#34;", '"')
    repo = 'repo="https://github.com/acme/shop-data"'
    assert f'customers = dr.load("data-v9", "customers", {repo})' in text
    assert f'dr.load("data-v9", "orders", engine="polars", {repo})' in text
    assert "datarelease get data-v9 --dataset customers --repo https://github.com/acme" in text
    assert "dvc get https://github.com/acme/shop-data data/orders.parquet --rev data-v9" in text


def test_a_column_that_is_pii_in_one_version_is_hidden_in_all() -> None:
    """Also where it was not declared when an older version was released."""
    versions = [*samples.shop().versions]
    first, *others = versions[-1].figures.datasets
    hidden = tuple(
        samples.private("plan") if column.name == "plan" else column for column in first.columns
    )
    figures = replace(versions[-1].figures, datasets=(replace(first, columns=hidden), *others))
    versions[-1] = replace(versions[-1], figures=figures)
    files = site_files(samples.content(versions), Quiet())
    assert b"premium" in shop()["datasets/customers/plan.html"]
    assert [path for path in files if path.startswith("datasets/customers")
            and b"premium" in files[path]] == []  # fmt: skip
    customers = json.loads(data_of(files, "data/data-v3.js"))["datasets"][0]
    assert customers["name"] == "customers"
    assert "premium" not in json.dumps(customers)


def data_of(files: Mapping[str, bytes], path: str) -> str:
    """The value that a data file hands over, as JSON."""
    found = re.fullmatch(r'catalogue\("[\w-]+",(.*)\);\n', files[path].decode(), re.DOTALL)
    assert found
    return found[1]


def test_the_feed_names_each_version_with_a_lasting_identity() -> None:
    """A withdrawal makes its entry new."""
    feed = read_xml(shop()["feed.atom"])
    entries = feed.findall(f"{ATOM}entry")
    assert [e.findtext(f"{ATOM}title") for e in entries[:2]] == [
        "data-v12: patch",
        "data-v11: patch",
    ]
    assert len({e.findtext(f"{ATOM}id") for e in entries}) == 12
    withdrawn = next(e for e in entries if e.findtext(f"{ATOM}title") == "data-v7: withdrawn")
    assert withdrawn.findtext(f"{ATOM}updated") == "2022-02-20T10:00:00Z"
    assert feed.findtext(f"{ATOM}updated")


def test_hostile_names_and_values_stay_text() -> None:
    """In pages, data, feed and names of files."""
    files = site_files(samples.hostile(), Quiet())
    assert dangling(files) == []
    for path, data in files.items():
        assert re.fullmatch(r"[A-Za-z0-9_./-]+", path), path
        assert ".." not in path
        if path.endswith(".html"):
            assert Links(data.decode()).wrong == [], path
            assert b"<img src=x" not in data
        if path.startswith("data/"):
            json.loads(data_of(files, path))
            assert data.isascii()
    read_xml(files["feed.atom"])


def test_without_a_version_the_catalogue_says_how_the_first_one_comes() -> None:
    """All pages are there, and no list is empty without a word."""
    nothing: SiteContent = samples.content([])
    files = site_files(nothing, Quiet())
    assert "There is no version yet." in files["index.html"].decode()
    assert dangling(files) == []
    read_xml(files["feed.atom"])


def test_of_an_erased_version_nothing_is_shown_but_what_its_tag_says() -> None:
    """Nor does the next version show distributions that it was compared with."""
    versions = [*samples.shop().versions]
    gone = versions[9]
    erasure = Erasure(reason="a person asked for it", date="2022-03-01T08:00:00Z")
    versions[9] = replace(
        gone,
        version=replace(gone.version, erased=erasure),
        figures=replace(gone.figures, datasets=()),
        manifest=None,
    )
    files = site_files(samples.content(versions), Quiet())
    text = files["versions/data-v10.html"].decode()
    assert "data-v10 was erased on 2022-03-01: a person asked for it." in text
    assert "monthly_spend" not in text
    assert "versions/data-v10/manifest.json" not in files
    assert b"What moved most" in shop()["versions/data-v11.html"]
    assert b"What moved most" not in files["versions/data-v11.html"]
    assert dangling(files) == []


def test_machines_find_the_index_of_versions() -> None:
    """It is the one that remotes have."""
    index = json.loads(shop()["index.json"])
    assert [entry["tag"] for entry in index["versions"]] == [f"data-v{n}" for n in range(1, 13)]
    assert index["versions"][6]["withdrawn"]["replacement"] == "data-v8"
    schema = json.loads(shop()["schemas/index.schema.json"])
    jsonschema.Draft202012Validator(schema).validate(index)


def test_a_channel_leads_to_its_version() -> None:
    """The first page has each channel, and a version those that mean it, with who set them."""
    assert re.search(
        r'stable</span></dt><dd><a class="tag" href="versions/data-v10', page("index.html")
    )
    assert "c-channel" in page("versions/data-v10.html")
    assert 'by <span dir="auto">Grace Hopper</span>, from data-v4' in page("versions/data-v10.html")
    feed = shop()["feed.atom"].decode()
    assert "The channel stable was set to it on 2022-02-05 by Grace Hopper" in feed


def test_the_changelog_has_the_sentences_of_each_version() -> None:
    """Newest first, what became of it before what changed in it."""
    text = shop()["CHANGELOG.md"].decode()
    assert text.startswith(
        "# Changes of the data\n\n## data-v12 (2022-02-09)\n\n- `customers` has 1,440"
    )
    assert "- **Withdrawn**: data-v7 was withdrawn on 2022-02-20" in text


def test_a_version_says_who_proposed_and_who_reviewed_it() -> None:
    """With the pull request and the commit on GitHub; names are there, addresses are not."""
    text = page("versions/data-v12.html")
    assert "Ada Lovelace" in text
    assert "Katherine Johnson" in text
    assert 'href="https://github.com/acme/shop-data/pull/41"' in text
    assert f'href="https://github.com/acme/shop-data/commit/{12:040x}"' in text


def test_a_version_is_loaded_without_git_from_a_bucket() -> None:
    """By the address of its first remote that readers can ask."""
    text = page("versions/data-v9.html").replace("&#34;", '"')
    assert 'customers = dr.load("s3://acme-data/shop", "data-v9", "customers")' in text


def renamed() -> list[ReleasedVersion]:
    """The shop, whose customers are called clients from data-v7 on."""
    versions = [*samples.shop().versions]
    for place in range(6, 12):
        first, *others = versions[place].figures.datasets
        figures = replace(
            versions[place].figures, datasets=(replace(first, name="clients"), *others)
        )
        versions[place] = replace(versions[place], figures=figures)
    told = (*versions[6].version.trailers, ("Renamed", "clients=customers"))
    versions[6] = replace(versions[6], version=replace(versions[6].version, trailers=told))
    return versions


def test_a_renamed_dataset_has_its_whole_history() -> None:
    """Under its name now; the page of the old name leads there."""
    files = site_files(samples.content(renamed()), Quiet())
    text = files["datasets/clients.html"].decode()
    assert "data-v1: 1,000" in text
    assert "data-v12: 1,440" in text
    assert (
        '<a href="../datasets/clients.html">clients</a>'
        in files["datasets/customers.html"].decode()
    )
    assert dangling(files) == []


def test_a_split_dataset_is_read_from_the_last_version_that_had_it() -> None:
    """Its page says what its parts are; no line on it names a version that lacks it."""
    versions = renamed()
    for place in range(6, 12):
        first, *others = versions[place].figures.datasets
        figures = replace(
            versions[place].figures, datasets=(first, replace(first, name="leads"), *others)
        )
        versions[place] = replace(versions[place], figures=figures)
    told = (*versions[6].version.trailers[:-1], ("Renamed", "clients=customers leads=customers"))
    versions[6] = replace(versions[6], version=replace(versions[6].version, trailers=told))
    files = site_files(samples.content(versions), Quiet())
    text = files["datasets/customers.html"].decode().replace("&#34;", '"')
    assert "It was split. Its parts are " in text
    assert all(f'datasets/{part}.html">{part}</a>' in text for part in ("clients", "leads"))
    assert 'dr.load("data-v6", "customers"' in text
    assert "--rev data-v6" in text
    assert '"latest"' not in text
    text = files["datasets/leads.html"].decode().replace("&#34;", '"')
    assert 'dr.load("latest", "leads"' in text
    assert "--rev data-v12" in text, "DVC knows tags alone"


def test_a_column_that_became_pii_after_a_renaming_is_hidden_before_it() -> None:
    """Names of datasets are followed for what is never shown, too."""
    versions = renamed()
    first, *others = versions[-1].figures.datasets
    hidden = tuple(
        samples.private("plan") if column.name == "plan" else column for column in first.columns
    )
    figures = replace(versions[-1].figures, datasets=(replace(first, columns=hidden), *others))
    versions[-1] = replace(versions[-1], figures=figures)
    files = site_files(samples.content(versions), Quiet())
    customers = json.loads(data_of(files, "data/data-v3.js"))["datasets"][0]
    assert customers["name"] == "customers"
    assert "premium" not in json.dumps(customers)
