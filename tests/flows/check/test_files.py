"""A dataset of files on its whole way: checked, released, read from elsewhere, rolled back."""

from __future__ import annotations

import json
import os
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project, make_template
from tests.versions import assert_whole, manifest, message, object_path

import datarelease as dr
from datarelease.app.workspace import open_workspace
from datarelease.documents import decode, decode_statistics
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.check import files as module
from datarelease.flows.check.check import check
from datarelease.model.review.report import Report
from datarelease.orchestration.metadata import document_metadata
from datarelease.progress import Quiet

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
RULES = {"kinds": ["image/png"], "names": r"^[a-z0-9_]+\.png$", "max_size": "1kB"}
Copy = Callable[[], Project]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Beside tables a directory of pictures and an XML file, released as data-v1."""
    folder = tmp_path_factory.mktemp("files")
    env = hermetic_environment(folder / "home")
    template = make_template(folder, env, events=False)
    with environment(env):
        project = Project.copied(template, folder / "released")
        for name in ("cats/1", "cats/2", "dogs/1", "dogs/2"):
            project.write(f"images/{name}.png", PNG + name.encode())
        project.write("data.xml", "<people/>")
        project.dvc("add", "--quiet", "images", "data.xml")
        declared = project.read_yaml("dvc.yaml")
        declared["artifacts"] = {
            "people": declared["artifacts"]["people"],
            "images": {"path": "images", "type": "dataset", "meta": {"files": RULES}},
            "posts": {"path": "data.xml", "type": "dataset"},
        }
        project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
        project.commit("Pictures and an XML file")
        project.push()
        run(project, "release")
        shutil.rmtree(project.root / "reports")
        shutil.rmtree(project.root / ".dvc" / "tmp", ignore_errors=True)
        yield folder / "released"


@pytest.fixture
def copy(first: Path, tmp_path: Path) -> Copy:
    """Makes a project of its own, with data-v1 released."""
    return lambda: Project.copied(first, tmp_path / "copy")


def edited(project: Project, **files: bytes | None) -> None:
    """Files of the pictures written or (None) removed, and what DVC tracks committed."""
    for name, data in files.items():
        path = f"images/{name.replace('__', '/')}.png"
        if data is None:
            (project.root / path).unlink()
        else:
            project.write(path, data)
    project.dvc("add", "--quiet", "images")
    project.commit("Other pictures", "images.dvc")
    project.push()


def checked(project: Project, code: int = 0) -> Report:
    """The report of a check."""
    run(project, "check", code=code)
    return decode(Report, (project.root / "reports/report.json").read_bytes())


def part(report: Report, name: str) -> Any:
    """The comparison of a dataset."""
    found = report.dataset(name)
    assert found is not None
    return found.diff


def test_files_are_released_as_tables_are(copy: Copy) -> None:
    """Manifest, tag and remote hold the files; rows are those of tables alone."""
    project = copy()
    assert_whole(project, "data-v1")
    text = message(project, "data-v1")
    assert "data-v1: images 4 files, people 20 rows, posts 1 file\n" in text
    assert "\nRows: people=20\nFiles: images=4 posts=1\n" in text
    stored = {one["name"]: one for one in manifest(project.remote, "data-v1")["datasets"]}
    assert [stored[name]["rows"] for name in ("images", "people", "posts")] == [None, 20, None]
    assert [one["path"] for one in stored["posts"]["files"]] == ["data.xml"]
    listed = run(project, "list").out
    assert "people=20 images=4 files posts=1 file" in listed
    shown = run(project, "show", "v1").out.split()
    assert shown[shown.index("images") + 1 :][:1] == ["4"]


def test_a_change_is_told_file_by_file(copy: Copy) -> None:
    """Added, removed, changed and renamed files, with sizes, in every form of the report."""
    project = copy()
    old = (project.root / "images/dogs/2.png").read_bytes()
    edited(project, cats__1=None, cats__3=PNG + b"new", dogs__1=PNG + b"other one", dogs__2=None,
           wolves__2=old)  # fmt: skip
    report = checked(project)
    images = part(report, "images")
    assert (images.status, images.compatibility.value) == ("changed", "patch")
    assert [(c.kind, c.path, c.old_path) for c in images.of_files.examples] == [
        ("removed", "cats/1.png", ""),
        ("changed", "dogs/1.png", ""),
        ("renamed", "wolves/2.png", "dogs/2.png"),
        ("added", "cats/3.png", ""),
    ]
    assert part(report, "posts").status == "identical"
    [found] = report.verdict.findings
    assert (found.rule, found.message) == ("file_loss", "lost 25.0% of its files: 1 of 4")
    said = "1 added · 1 removed · 1 changed · 1 renamed · 1 unchanged"
    for form in ("report.md", "report.html"):
        text = (project.root / "reports" / form).read_text(encoding="utf-8")
        assert said in text, form
        assert "wolves/2.png" in text.replace("<wbr>", ""), form
    shutil.rmtree(project.root / "reports")
    run(project, "release")
    shown = run(project, "diff", "v1", "v2").out
    assert said in shown
    # The files of the roll-back are those of the first version, and nothing is sent.
    run(project, "rollback", "data-v1")
    assert sorted(p.name for p in (project.root / "images").rglob("*.png")) == [
        "1.png", "1.png", "2.png", "2.png",
    ]  # fmt: skip


def test_every_broken_rule_is_shown(copy: Copy) -> None:
    """Kinds by the first bytes, names and sizes: each failure counts, and the check is blocked."""
    project = copy()
    edited(project, cats__Bad=b"<html>", dogs__large=PNG + b"0" * 1000)
    report = checked(project, code=1)
    found = report.dataset("images")
    assert found is not None
    assert found.validation is not None
    assert [(v.check, v.count, v.examples[0]) for v in found.validation.violations] == [
        ("kinds: image/png", 1,
         (("file", "cats/Bad.png"), ("kind", "application/octet-stream"))),
        (f"names: {RULES['names']}", 1, (("file", "cats/Bad.png"),)),
        ("max_size: 1,000 bytes", 1, (("file", "dogs/large.png"), ("bytes", 1016))),
    ]  # fmt: skip
    left, changed = sorted(found.row_files, key=lambda file: file.name, reverse=True)
    assert (left.name, left.rows, left.total) == ("images/violations.parquet", 3, 3)
    assert (changed.name, changed.rows, changed.of_files) == ("images/changes.parquet", 2, True)
    added = pq.read_table(project.root / "reports" / changed.name).to_pylist()
    assert [(row["kind"], row["key.file"], row["new.bytes"]) for row in added] == [
        ("added", "cats/Bad.png", 6),
        ("added", "dogs/large.png", 1016),
    ]
    rows = pq.read_table(project.root / "reports" / left.name).to_pylist()
    assert [(row["key.file"], row["value"]) for row in rows] == [
        ("cats/Bad.png", "kind=application/octet-stream"),
        ("cats/Bad.png", ""),
        ("dogs/large.png", "bytes=1016"),
    ]
    done = run(project, "validate", "images", code=1)
    assert "images: 3 checks of dvc.yaml failed." in done.err
    assert json.loads((project.root / "reports/images/validation.json").read_text())["rows"] == 6


@pytest.mark.slow  # test_records.py says it of tables
def test_the_stages_record_what_the_check_uses(copy: Copy) -> None:
    """`validate` and `profile` of files are stages like those of tables, used by the check."""
    project = copy()
    edited(project, cats__3=PNG + b"new")
    assert "images: listing" in run(project, "check").err
    declared = project.read_yaml("dvc.yaml")
    for kind, made in (("validate", "validation"), ("profile", "profile")):
        declared["stages"][f"{kind}-images"] = {
            "cmd": f"datarelease {kind} images",
            "deps": ["images"],
            "metrics": [{f"reports/images/{made}.json": {"cache": False}}],
        }
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.repro()
    project.commit("Stages")
    project.push()
    shutil.rmtree(project.root / ".dvc/cache/files/memo")
    assert "images: listing" not in run(project, "check").err
    ws = open_workspace(project.root, progress=Quiet())
    shown = [
        document_metadata(ws, f"reports/images/{made}.json", f"{kind}-images")
        for kind, made in (("validate", "validation"), ("profile", "profile"))
    ]
    assert [one["files"].value for one in shown] == [5, 5]
    assert (shown[0]["violations"].value, shown[1]["bytes"].value) == (0, 107)
    assert "rows" not in {**shown[0], **shown[1]}
    metrics = project.dvc("metrics", "show", "--json")
    assert json.loads(metrics)[""]["data"]["reports/images/profile.json"]["data"]["files"] == 5


def test_a_table_that_becomes_files_is_a_breaking_change(copy: Copy) -> None:
    """Nothing of the two can be compared, and readers of the table fail."""
    project = copy()
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"] = {"files": {}}
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.params(rows=25)
    project.repro()
    project.commit("People as files")
    report = checked(project, code=1)
    people = part(report, "people")
    assert [(c.kind, c.before, c.after) for c in people.schema] == [("form", "a table", "1 file")]
    assert "it was a table and is 1 file now" in report.verdict.findings[0].message


def test_what_is_declared_of_tables_refuses_other_files(copy: Copy) -> None:
    """A key or schema says that it is a table: other files are a fault of the configuration."""
    project = copy()
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["posts"]["meta"] = {"key": ["id"]}
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.commit("A key", "dvc.yaml")
    done = run(project, "check", code=2)
    assert "artifacts.posts.path: 'data.xml' has no file of a table" in done.err


@pytest.mark.slow  # tests/unit/analysis/test_files.py says so of them
def test_old_files_that_nobody_can_list_are_said_so(copy: Copy) -> None:
    """A check without the remote compares what git holds, and says why it knows no more."""
    project = copy()
    for kind in ("profile", "validate"):
        run(project, kind, "images")
    declared = project.read_yaml("dvc.yaml")
    declared["stages"]["images"] = {
        "cmd": "datarelease profile images",
        "deps": ["images"],
        "metrics": [{"reports/images/profile.json": {"cache": False}}],
    }
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.repro()
    project.commit("The profile is in git")
    project.push()
    edited(project, cats__3=PNG + b"new")
    run(project, "release")
    edited(project, cats__4=PNG + b"newer")
    project.repro()
    project.commit("The profile of more", "dvc.lock", "reports/images/profile.json")
    project.remote.rename(project.remote.with_name("away"))
    shutil.rmtree(project.root / ".dvc/cache/files/documents")
    listing = next(
        out["md5"] for out in yaml.safe_load(project.git("show", "data-v2:images.dvc"))["outs"]
    )
    (project.root / ".dvc/cache/files/md5" / listing[:2] / listing[2:]).unlink()
    images = part(checked(project), "images")
    assert images.of_files.counts is None
    assert "the files of data-v2 cannot be listed" in images.of_files.no_comparison
    assert (images.of_files.before.files, images.of_files.after.files) == (5, 6)


def test_files_are_listed_and_opened_from_anywhere(
    copy: Copy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dr.files` lists without the data, and fetches what is opened and nothing else."""
    project = copy()
    config = (project.root / ".dvc/config").read_text()
    project.write(".dvc/config", config.replace("../../remote", str(project.remote)))
    project.commit("An address that holds everywhere", ".dvc/config")
    project.push()
    clone = project.clone(tmp_path / "clone")
    files = dr.files("data-v1", "images", repo=clone.root)
    assert files.paths == ("cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png")
    assert repr(files[0]) == "<ReleasedFile cats/1.png: 22 bytes>"
    cache = clone.root / ".dvc/cache/files/md5"
    assert not cache.exists()
    with files["dogs/1.png"].open() as stream:
        assert stream.read() == PNG + b"dogs/1"
    assert [p for p in cache.rglob("*") if p.is_file()] == [files["dogs/1.png"].fetch()]
    assert len(files[1:].fetch()) == 3
    assert files[0].name == "1.png"
    assert files["cats/1.png"] == files[0]
    with pytest.raises(ConfigError, match=r"no file 'cats/9.png'"):
        files["cats/9.png"]
    with pytest.raises(ConfigError, match=r"dr\.files\('data-v1', 'images'\)"):
        dr.load("data-v1", "images", repo=clone.root)
    assert [one.path for one in dr.files("v1", "people", repo=clone.root)] == ["people.csv"]
    monkeypatch.chdir(tmp_path)
    address = f"file://{project.origin}"
    assert dr.files("latest", "posts", repo=address)[0].read_bytes() == b"<people/>"
    gone = object_path(project.remote, files["cats/1.png"].md5)
    gone.unlink()
    with pytest.raises(WorldError):
        files["cats/1.png"].open()


def test_files_are_kept_on_the_remote_that_they_name(copy: Copy, tmp_path: Path) -> None:
    """`remote: NAME` beside the output: new files go there alone, and readers find all of them."""
    project = copy()
    project.add_remote("other", str(tmp_path / "other"))
    tracked = project.read_yaml("images.dvc")
    tracked["outs"][0]["remote"] = "other"
    project.write("images.dvc", yaml.safe_dump(tracked))
    project.commit("Another remote")
    edited(project, cats__3=PNG + b"new")
    assert project.read_yaml("images.dvc")["outs"][0]["remote"] == "other"
    run(project, "release")
    clone = project.clone(tmp_path / "clone")
    files = dr.files("data-v2", "images", repo=clone.root)
    assert len(files) == 5
    for file in files:
        assert object_path(tmp_path / "other", file.md5).is_file()
    assert not object_path(project.remote, files["cats/3.png"].md5).exists()
    assert files["cats/3.png"].fetch().read_bytes() == PNG + b"new"
    run(clone, "get", "v2", "out")
    assert (clone.root / "out/images/cats/1.png").read_bytes() == PNG + b"cats/1"
    assert run(clone, "verify", "v2", "--json").json["faults"] == []


def test_a_clone_gets_the_files_and_verifies_them(copy: Copy, tmp_path: Path) -> None:
    """`get` and `verify` do with files what they do with tables."""
    project = copy()
    clone = project.clone(tmp_path / "clone")
    run(clone, "get", "v1", "out")
    assert (clone.root / "out/images/cats/1.png").read_bytes() == PNG + b"cats/1"
    assert (clone.root / "out/data.xml").read_bytes() == b"<people/>"
    assert run(clone, "verify", "v1", "--full", "--json").json["faults"] == []
    lost = next(
        file
        for one in manifest(project.remote, "data-v1")["datasets"]
        for file in one["files"]
        if file["path"] == "dogs/2.png"
    )
    object_path(project.remote, lost["md5"]).unlink()
    assert run(clone, "verify", "v1", code=3).code == 3
    run(project, "verify", "v1", "--repair")
    assert_whole(project, "data-v1")


def test_the_first_bytes_of_known_files_are_not_read(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that was looked at once is not opened again, whatever else changes."""
    project = copy()
    edited(project, cats__3=PNG + b"new")
    opened: list[str] = []
    real = module.read_head

    def counted(place: Path) -> bytes:
        opened.append(os.fspath(place))
        return real(place)

    monkeypatch.setattr(module, "read_head", counted)
    check(open_workspace(project.root, progress=Quiet()))
    assert len(opened) == 1


def test_a_check_shows_pictures_and_a_release_does_not(copy: Copy) -> None:
    """Small copies of added, removed and changed pictures; a release decodes none."""
    project = copy()
    for name, colour in (("cats/1", "red"), ("cats/3", "green"), ("dogs/1", "blue")):
        Image.new("RGB", (60, 40), colour).save(project.root / "images" / f"{name}.png")
    edited(project, dogs__2=None)
    report = checked(project)
    pictures = part(report, "images").of_files.pictures
    assert [(c.kind, c.path, bool(c.before), bool(c.after)) for c in pictures.changes] == [
        ("changed", "cats/1.png", False, True),
        ("changed", "dogs/1.png", False, True),
        ("added", "cats/3.png", False, True),
    ]
    assert (pictures.statistics.pictures, pictures.statistics.unreadable) == (3, 1)
    assert pictures.statistics.width == (60, 60, 60)
    page = (project.root / "reports/report.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/jpeg;base64,/9j/') == 3
    assert "width 60 px" in (project.root / "reports/report.md").read_text(encoding="utf-8")
    shutil.rmtree(project.root / "reports")
    run(project, "release")
    released = (project.remote / "releases/data-v2/report.html").read_text(encoding="utf-8")
    assert "data:image" not in released
    assert "cats/3.png" in released.replace("<wbr>", "")


@pytest.mark.slow  # test_bundle.py releases what a build measured
def test_a_build_hands_files_over(copy: Copy, tmp_path: Path) -> None:
    """What a build measured of files is released by a publisher that reads none of them."""
    project = copy()
    edited(project, cats__3=PNG + b"new", dogs__2=None)
    project.dvc("push", "--quiet")
    builder, publisher = (project.clone(tmp_path / name) for name in ("builder", "publisher"))
    bundle = str(tmp_path / "bundle")
    run(builder, "check", "--bundle", bundle)
    run(publisher, "release", "--bundle", bundle)
    assert_whole(project, "data-v2")
    assert "\nFiles: images=4 posts=1\n" in message(project, "data-v2")
    stored = project.remote / "releases/data-v2/report.json"
    images = part(decode(Report, stored.read_bytes()), "images")
    assert (images.files.added, images.files.removed, images.files.unchanged) == (1, 1, 3)
    profile = project.remote / "releases/data-v2/reports/images/profile.json"
    assert decode_statistics(profile.read_bytes()) == images.of_files.after


HOSTILE_NAMES = [
    "pay\u202egnp.png", "é\u0301.png", "É.PNG", "é.png", "e\u0301.png", "x" * 251 + ".png",
    "<img src=x onerror=alert(1)>.png", "a|b`c.png", "[red]x[/red].png", " .png", "-rf.png",
    "${x}.png", "%2e%2e.png",
]  # fmt: skip
"""Names that a file system takes, and that no form of the report may let do anything."""


def part_name(name: str) -> str:
    """The same name for a part of a table."""
    return name.replace(".png", ".csv").replace(".PNG", ".csv")


def test_hostile_names_are_released_and_do_nothing(copy: Copy, tmp_path: Path) -> None:
    """What a name holds is shown as text, and each file comes back under its very name.

    So do the parts of a table; and an archive that would fill the disk is a file like any other.
    """
    project = copy()
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["images"]["meta"] = {"files": {}}
    declared["artifacts"]["parts"] = {"path": "parts", "type": "dataset"}
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    for number, name in enumerate(HOSTILE_NAMES):
        project.write(f"images/{name}", PNG + bytes([number]))
        project.write(f"parts/{part_name(name)}", f"id\n{number}\n")
    with zipfile.ZipFile(project.root / "images/bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", bytes(50 << 20))
    project.dvc("add", "--quiet", "images", "parts")
    project.commit("Hostile names")
    project.push()
    found = checked(project).dataset("images")
    assert found is not None
    assert found.validation is not None
    [violation] = found.validation.violations
    assert (violation.severity, violation.count) == (
        "warning",
        2,
    )  # two that differ in form or case
    for form in ("report.md", "report.html"):
        text = (project.root / "reports" / form).read_text(encoding="utf-8")
        # In a comment it stands in a code span, where nothing is an element.
        assert "<img src=x" not in text.replace("`<img src=x onerror=alert(1)>.png`", "")
        assert "\u202e" not in text
    shutil.rmtree(project.root / "reports")
    run(project, "release")
    clone = project.clone(tmp_path / "clone")
    run(clone, "get", "latest", "out")
    for number, name in enumerate(HOSTILE_NAMES):
        assert (clone.root / "out/images" / name).read_bytes() == PNG + bytes([number])
        part = clone.root / "out/parts" / part_name(name)
        assert part.read_text() == f"id\n{number}\n"
    loaded = dr.load("latest", "parts", repo=clone.root)
    assert sorted(loaded["id"]) == list(range(len(HOSTILE_NAMES)))


@pytest.mark.parametrize("name", ["two\nlines.png", "back\\slash.png", "bell\x07.png"])
def test_names_that_no_machine_should_write_are_refused(copy: Copy, name: str) -> None:
    """A line end, a control character or a backslash in a name: refused before anything is sent."""
    project = copy()
    project.write(f"images/{name}", PNG)
    project.dvc("add", "--quiet", "images")
    project.commit("A name")
    project.push()
    done = run(project, "check", code=None)
    assert done.code in {2, 3}
    assert "images" in done.err or ".dir" in done.err
    assert "\x07" not in done.err
    assert "\nlines" not in done.err
    assert run(project, "release", code=None).code in {2, 3}


@pytest.mark.parametrize("kind", ["socket", "pipe", "device"])
def test_special_files_are_refused(copy: Copy, kind: str) -> None:
    """A socket, a pipe or a link to a device among the files: a stage names it, and never waits."""
    project = copy()
    place = project.root / "images" / "special.png"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            os.chdir(place.parent)
            server.bind(place.name)
    else:
        place.symlink_to("/dev/null")
    done = run(project, "validate", "images", code=2)
    assert "images: 'special.png' is a pipe, a socket or a device, and not a file." in done.err
    said = run(project, "check", code=2).err
    leads = "it is a symbolic link that leads outside the repository, to /dev/null"
    what = leads if kind == "device" else "it is a pipe, a socket or a device, and not a file"
    assert f"images/special.png: {what}" in said
