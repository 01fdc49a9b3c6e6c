"""Reading what DVC tracks, from its files alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.adapters.dvc import tracked
from datarelease.adapters.dvc.listing import read_tree
from datarelease.adapters.dvc.tracked import (
    LockedStage,
    Output,
    TrackedState,
)
from datarelease.adapters.strict_yaml import load_mapping
from datarelease.errors import ConfigError, SettingsError

MD5 = "0123456789abcdef0123456789abcdef"
LOCK = f"""\
schema: '2.0'
stages:
  make:
    cmd: python make.py
    deps:
    - path: make.py
      hash: md5
      md5: {MD5}
      size: 10
    params:
      params.yaml:
        make: 5
    outs:
    - path: ../data/out.csv
      hash: md5
      md5: {MD5}
      size: 20
    - path: dir
      hash: md5
      md5: {MD5}.dir
      size: 30
      nfiles: 3
  each@a b:
    cmd: x
    outs:
    - path: a.csv
      md5: {MD5}
"""
DVC_YAML = """\
stages:
  make: {wdir: sub, cmd: python make.py}
  each:
    foreach: [a b]
    do: {wdir: ./each, cmd: x}
"""


def outputs(files: Mapping[str, bytes], listed: Iterable[str] | None = None) -> tuple[Output, ...]:
    """What is tracked where there are ``files``, or those of them that are ``listed``."""
    return TrackedState(files.get, lambda: files if listed is None else listed).outputs


def test_a_file_is_parsed_once_and_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked, each content is parsed once, another one counts at once.

    Files are listed anew when somebody says that the work tree was changed.
    """
    parsed, listed = [], []
    files = {"dvc.yaml": DVC_YAML.encode(), "dvc.lock": LOCK.encode()}

    def load(data: bytes, file: str) -> dict[str, object]:
        parsed.append(file)
        return load_mapping(data, file)

    def names() -> list[str]:
        listed.append(1)
        return list(files)

    monkeypatch.setattr(tracked, "load_mapping", load)
    state = TrackedState(files.get, names)
    before = state.outputs
    assert (state.outputs, state.mapping("dvc.lock")["schema"]) == (before, "2.0")
    assert state.stages() == state.stages()
    assert state.declared_results == ()
    assert (sorted(parsed), len(listed)) == (["dvc.lock", "dvc.yaml"], 1)
    files |= {"dvc.lock": b"stages: {}", "new.dvc": b"outs: [{path: new}]"}
    assert not state.outputs, "a process that goes on may write a lock"
    state.forget()
    assert [out.path for out in state.outputs] == ["new"]
    assert (sorted(parsed), len(listed)) == (["dvc.lock", "dvc.lock", "dvc.yaml", "new.dvc"], 2)


def test_a_lock_is_read_with_working_directories() -> None:
    """Paths are relative to the repository, whatever directory a stage works in."""
    files = {"pipe/dvc.lock": LOCK.encode(), "pipe/dvc.yaml": DVC_YAML.encode()}
    dep = Output(path="pipe/sub/make.py", md5=MD5, size=10, source="pipe/dvc.lock", stage="make")
    out = Output(path="pipe/data/out.csv", md5=MD5, size=20, source="pipe/dvc.lock", stage="make")
    tree = Output(
        path="pipe/sub/dir", md5=f"{MD5}.dir", size=30, source="pipe/dvc.lock", stage="make"
    )
    each = Output(
        path="pipe/each/a.csv", md5=MD5, size=None, source="pipe/dvc.lock", stage="each@a b",
        legacy=True,
    )  # fmt: skip
    assert TrackedState(files.get).stages("pipe/dvc.lock") == (
        LockedStage(name="make", deps=(dep,), outs=(out, tree)),
        LockedStage(name="each@a b", deps=(), outs=(each,)),
    )
    assert outputs(files, ["x.py", "pipe/dvc.lock", "pipe/dvc.yaml"]) == (out, tree, each)


def test_dvc_files_are_read_with_working_directories() -> None:
    """A `.dvc` file's paths are relative to it and to its `wdir`; DVC 2's hashes are marked."""
    files = {
        "data/a.csv.dvc": f"outs:\n- {{path: a.csv, md5: {MD5}, hash: md5, size: 3}}\n".encode(),
        "data/b.dvc": f"wdir: ../other\nouts:\n- {{path: b, md5: {MD5}.dir}}\n".encode(),
        ".dvc/config": b"[core]",
        "data/.dvc": b"not one",
    }
    assert outputs(files) == (
        Output(path="data/a.csv", md5=MD5, size=3, source="data/a.csv.dvc"),
        Output(path="other/b", md5=f"{MD5}.dir", size=None, source="data/b.dvc", legacy=True),
    )


def test_flags_of_outputs_are_read_where_they_stand() -> None:
    """`push` and `remote` of a `.dvc` file, and of a stage, whose lock does not repeat them."""
    files = {
        "a.dvc": f"outs:\n- {{path: a, md5: {MD5}, hash: md5, push: false, remote: x}}\n".encode(),
        "dvc.yaml": b"""\
stages:
  one:
    outs: [plain, kept: {push: false}, away: {remote: far}, "x${y}": {remote: "${z}"}]
    metrics: [m.json: {remote: far}]
  each:
    foreach: [1, 2]
    do: {outs: ["part-${item}.csv": {remote: far, push: false}]}
""",
        "dvc.lock": b"stages: {one: {outs: [{path: plain}, {path: kept}, {path: away}, {path: xy},"
        b" {path: m.json}]}, each@1: {outs: [{path: part-1.csv}]}}",
    }
    assert [(out.path, out.remote, out.pushed) for out in outputs(files)] == [
        ("a", "x", False), ("plain", None, True), ("kept", None, False), ("away", "far", True),
        ("xy", None, True), ("m.json", "far", True), ("part-1.csv", "far", False),
    ]  # fmt: skip


def test_nothing_tracked_is_nothing() -> None:
    """A missing lock, an empty one, and stages without outputs give nothing."""
    assert TrackedState(lambda _: None).stages() == ()
    assert outputs({"dvc.lock": b""}) == ()
    assert outputs({"dvc.lock": b"stages: {a: {cmd: x}}"}) == ()


@pytest.mark.parametrize(
    "lock",
    ["stages: 5", "stages: [a]", "stages: {a: 5}", "stages: {a: {outs: 5}}",
     "stages: {a: {outs: {path: x}}}", "stages: {a: {outs: [5, {path: 5}, {md5: x}]}}",
     "schema: 1.0"],
)  # fmt: skip
def test_locks_of_another_shape_have_no_outputs(lock: str) -> None:
    """What is no output is passed over; DVC itself complains about such files."""
    assert outputs({"dvc.lock": lock.encode()}) == ()


def test_an_output_never_committed_has_no_hash() -> None:
    """Without a hash an output is told, with None."""
    [out] = outputs({"a.dvc": b"outs:\n- {path: a, md5: 5, size: x}\n"})
    assert (out.md5, out.size, out.legacy) == (None, None, False)


def test_a_templated_working_directory_is_refused() -> None:
    """A `wdir` that depends on parameters cannot be read at an old revision, and says so."""
    files = {
        "dvc.lock": b"stages: {a: {outs: [{path: x}]}}",
        "dvc.yaml": b"stages: {a: {wdir: '${dir}', cmd: x}}",
    }
    with pytest.raises(ConfigError, match=r"stages\.a\.wdir is a template"):
        TrackedState(files.get).stages()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a: 1\nb: [1\nc: 2\n", "line 3, column 2: did not find expected"),
        (b"a: 1\na: 2\n", "line 2, column 1: the key 'a' occurs twice"),
        (b"x:\n  1: a\n  1: b\n", "line 3, column 3: the key '1' occurs twice"),
        (b"\xff\xfe", "not UTF-8"),
        (b"- a\n", "expected a mapping, found list"),
        (b"just text", "expected a mapping, found str"),
        (b"a: !!python/object/apply:os.system [x]\n", "line 1, column 4: could not determine"),
        (b"a: &x [*x]\n", "line 1, column 4: an alias is inside the value that it names"),
        (b"a: &x {b: *x}\n", "an alias is inside the value that it names"),
        (b"a: *none\n", "line 1, column 4: found undefined alias"),
        (b"? [a]\n: 1\n", "found unhashable key"),
        (b"a: 1\n---\nb: 2\n", "line 2, column 1: but found another document"),
        (b"a: 2026-13-45\n", "does not match its form or tag"),
        (b"a: !!bool x\n", "does not match its form or tag"),
        (b"a: !!timestamp x\n", "does not match its form or tag"),
        (b"a: !!int x\n", "does not match its form or tag"),
        (b"a: !!binary x\n", "not valid YAML"),
        (b"a: \x00\n", "not valid YAML"),
        (b"a: " + b"[" * 100_000, "nested too deeply"),
        (b"a: " + b"{a: " * 5_000 + b"1" + b"}" * 5_000, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_broken_yaml_is_told_with_its_place(data: bytes, what: str) -> None:
    """File, line, column and fault are named."""
    with pytest.raises(SettingsError) as caught:
        load_mapping(data, "dvc.yaml")
    [problem] = caught.value.problems
    assert problem.where == "dvc.yaml"
    assert what in problem.what


def test_every_broken_file_is_told() -> None:
    """All files are read before the faults are shown."""
    files = {"a.dvc": b"[", "b.dvc": b"outs: []", "dvc.lock": b"a: 1\na: 1"}
    with pytest.raises(SettingsError) as caught:
        outputs(files)
    assert [problem.where for problem in caught.value.problems] == ["a.dvc", "dvc.lock"]


@pytest.mark.parametrize("form", ["[{}]", "{{<<: [{}]}}", "{{x: [{}]}}"])
def test_aliases_of_aliases_do_not_explode(form: str) -> None:
    """A few lines that stand for billions of values are refused at once."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {form.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 12)]
    begun = time.monotonic()
    with pytest.raises(SettingsError, match="expand to too many values"):
        load_mapping("\n".join(lines).encode(), "x")
    assert time.monotonic() - begun < 1


def test_honest_anchors_merges_and_marks_are_read() -> None:
    """Anchors, merge keys with overrides, a byte order mark and Windows line ends are fine."""
    text = "\ufeffbase: &b {x: 1, y: 2}\r\nuse: {<<: *b, y: 3}\r\nlist: [*b, *b]\r\n"
    assert load_mapping(text.encode(), "x") == {
        "base": {"x": 1, "y": 2}, "use": {"x": 1, "y": 3}, "list": [{"x": 1, "y": 2}] * 2,
    }  # fmt: skip


@given(
    st.binary(max_size=60) | st.text("&*!<>:[]{}-? |'\"\n\tab1~#%@", max_size=60).map(str.encode)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever a file holds gives a mapping or a SettingsError."""
    files = {"dvc.lock": data, "dvc.yaml": data, "x.dvc": data}
    try:
        found = outputs(files)
        assert all(isinstance(out, Output) for out in found)
        loaded: object = load_mapping(data, "dvc.lock")
    except SettingsError as error:
        loaded = {problem.where: problem.what for problem in error.problems}
    assert isinstance(loaded, dict)


# --- listings of directories


def test_a_listing_is_sorted() -> None:
    """The files of a `.dir` object come back by path."""
    listing = f'[{{"md5": "{MD5}", "relpath": "b/x"}}, {{"md5": "{MD5}", "relpath": "a"}}]'
    assert [file.path for file in read_tree(listing.encode())] == ["a", "b/x"]
    assert read_tree(b"[]") == ()


@pytest.mark.parametrize(
    "listing",
    ["", "{}", "5", "[5]", "[{}]", f'[{{"md5": "{MD5}", "relpath": "../x"}}]',
     f'[{{"md5": "{MD5}", "relpath": "/x"}}]', '[{"md5": "x", "relpath": "a"}]',
     '[{"md5": 5, "relpath": "a"}]', f'[{{"md5": "{MD5}", "relpath": 5}}]',
     f'[{{"md5": "{MD5}", "relpath": ""}}]', "null", "[" * 100_000],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_no_listing(listing: str) -> None:
    """Anything else, and any path that leads out of the directory, is a ValueError."""
    with pytest.raises(ValueError, match=r".*"):
        read_tree(listing.encode())


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("metrics: [m.json, eval/n.json]", ("sub/m.json", "sub/eval/n.json")),
        ("plots:\n- p.csv: {x: a}\n- q.csv", ("sub/p.csv", "sub/q.csv")),
        ("plots: {p.csv: {x: a}}", ("sub/p.csv",)),
        ("metrics: {}", ()),
        ("metrics: nonsense", ()),
        ("metrics: [../up.json]", ("up.json",)),
    ],
)
def test_results_declared_for_the_whole_pipeline(section: str, names: tuple[str, ...]) -> None:
    """Metrics and plots that stand beside the stages, relative to their file."""
    state = TrackedState({"sub/dvc.yaml": section.encode()}.get, lambda: ["a", "sub/dvc.yaml"])
    assert state.declared_results == names
    assert state.locks == ("sub/dvc.lock",)


def test_artifacts_below_count_where_dvc_tracks_what_they_name() -> None:
    """A file among a test's data that looks like a pipeline declares nothing."""
    entry = "artifacts:\n  d: {path: data/d.csv, type: dataset}\n"
    files = {
        "dvc.yaml": entry,
        "sub/dvc.yaml": entry + "  other: {path: none.csv, type: dataset}\n",
        "sub/data/d.csv.dvc": f"outs:\n- path: d.csv\n  md5: {MD5}\n  hash: md5\n  size: 1\n",
        "tests/data/dvc.yaml": entry,
        "tests/odd/dvc.yaml": "artifacts: [1]\n",
    }
    state = TrackedState(
        lambda path: files[path].encode() if path in files else None, lambda: files
    )
    assert state.artifacts == {
        "sub/dvc.yaml": {"artifacts": {"d": {"path": "data/d.csv", "type": "dataset"}}}
    }
