"""The parse stage on raw files made by hand: nothing lost, nothing doubled, nothing rewritten."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.commands import KILLED, Point, run
from tests.properties import examples
from tests.raw_files import Adopted
from tests.slow_cases import slow_but

from datarelease.documents import decode
from datarelease.errors import ConfigError, SettingsError, WorldError
from datarelease.ingest.parse import parse
from datarelease.model.data.stream import BatchCounts, StreamCounts
from datarelease.progress import Advance, Quiet, Step

SCHEMA = """\
schema_type: dataframe
columns:
  id: {dtype: int64}
  email: {dtype: str, nullable: true, checks: {str_contains: "@"}}
  amount: {dtype: float64, checks: {in_range: {min_value: 0, max_value: 100}}}
  at: {dtype: "datetime64[ns, UTC]", required: false, nullable: true}
"""
SECRET = "hunter2"
Make = Callable[..., Adopted]


def event(number: int, minute: int | None = None, **more: Any) -> bytes:
    """An event that the schema takes, unless ``more`` says otherwise."""
    at = {} if minute is None else {"at": f"2026-11-05T10:{minute:02}:00Z"}
    return json.dumps({"id": number, "email": "a@b", "amount": 1.5, **at, **more}).encode()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a stream with a key, a pii column and a time."""

    def making(name: str = "work", schema: str = SCHEMA, **options: Any) -> Adopted:
        given = {"key": ("id",), "pii": ("email",), "time": "at", **options}
        return Adopted.at(tmp_path / name, schema, **given)

    return making


def sums(counts: BatchCounts) -> tuple[int, int, int, int]:
    """Rows, duplicates, tombstones, dead letters."""
    return counts.events, counts.duplicates, counts.tombstones, counts.dead


# --- what becomes of records


def test_every_record_becomes_one_thing(make: Make) -> None:
    """Row, duplicate, tombstone or dead letter: the counts say which, and add up."""
    stream = make()
    stream.drained(
        1, {0: [event(1), None, event(2, amount=101)], 2: [event(1), b"{", event(3, amount="1")]}
    )
    (counts,) = stream.parse().batches
    assert counts.records == 6
    assert sums(counts) == (1, 1, 1, 3)
    assert counts.reasons == (("amount:dtype", 1), ("amount:in_range", 1), ("json:truncated", 1))
    assert [row["id"] for row in stream.rows()] == [1]
    assert [(d["partition"], d["offset"], d["reason"]) for d in stream.dead()] == [
        (0, 2, "amount:in_range"), (2, 1, "json:truncated"), (2, 2, "amount:dtype"),
    ]  # fmt: skip
    assert [d["value"] for d in stream.dead()] == [
        event(2, amount=101), b"{", event(3, amount="1"),
    ]  # fmt: skip


def test_details_explain_and_show_nothing_personal(make: Make) -> None:
    """The reason contains the value, except that of a pii column."""
    stream = make(schema=SCHEMA + "strict: true\n")
    broken = [
        event(1, amount=-7), event(2, email=SECRET), event(3, email={"x": SECRET}),
        event(4, extra=SECRET), event(5, amount=[1]), b'{"id":6,"id":"%s"}' % SECRET.encode(),
        b'{"email":"%s"}' % SECRET.encode(), b"\xff" + SECRET.encode(), event(7, id=None),
    ]  # fmt: skip
    stream.drained(1, broken)
    (counts,) = stream.parse().batches
    details = [letter["detail"] for letter in stream.dead()]
    assert details[0] == "in_range(0, 100) fails for -7.0"
    assert details[1] == "str_contains('@') fails for (hidden)"
    assert details[2] == "the object (hidden) is no string"
    assert details[3] == "the schema does not know 'extra'"
    assert details[4] == "the list '[1]' is no float64"
    assert counts.dead == len(broken)
    assert not [detail for detail in details if SECRET in detail]
    assert SECRET.encode() not in (stream.root / stream.stream.counts_file).read_bytes()


def test_the_first_occurrence_of_a_key_wins(make: Make) -> None:
    """In the order of partition and offset within a batch, then against all earlier batches."""
    stream = make()
    stream.drained(1, {0: [event(1, amount=1), event(1, amount=2)], 1: [event(1, amount=3)]})
    stream.drained(2, {0: [event(2, amount=4), event(1, amount=5)]})
    stream.drained(3, {1: [event(2, amount=6), event(2, amount=7)]})
    counts = stream.parse()
    assert [(row["id"], row["amount"]) for row in stream.rows()] == [(1, 1.0), (2, 4.0)]
    assert [sums(batch) for batch in counts.batches] == [(1, 2, 0, 0), (1, 1, 0, 0), (0, 2, 0, 0)]
    assert counts.batches[2].md5 is None
    assert not (stream.root / "data/orders/000003.parquet").exists()


def test_without_a_key_nothing_is_a_duplicate(make: Make) -> None:
    """Nobody can tell then whether two equal events are one."""
    stream = make(key=())
    stream.drained(1, [event(1), event(1)])
    assert [sums(batch) for batch in stream.parse().batches] == [(2, 0, 0, 0)]


def test_keys_of_several_columns_and_texts(make: Make) -> None:
    """Only equal in all of its columns is a key equal."""
    stream = make(key=("id", "email"))
    stream.drained(1, [event(1), event(1, email="c@d"), event(1, email="A@b"), event(1)])
    stream.drained(2, [event(1, email="c@d"), event(2)])
    assert [sums(b)[:2] for b in stream.parse().batches] == [(3, 1), (1, 1)]


def test_a_key_must_not_be_null(make: Make) -> None:
    """Also where the schema would allow it."""
    stream = make(schema=SCHEMA.replace("id: {dtype: int64}", "id: {dtype: Int64, nullable: true}"))
    stream.drained(1, [event(1, id=None)])
    assert stream.parse().batches[0].reasons == (("id:key", 1),)


def test_lateness_and_order_are_counted(make: Make) -> None:
    """Late against earlier batches, out of order within a batch and partition."""
    stream = make(late_minutes=10)
    stream.drained(1, {0: [event(1, 30), event(2, 20), event(3, 25)], 1: [event(4, 5)]})
    stream.drained(2, {0: [event(5, 19), event(6, 20), event(7), event(1, 1)]})
    first, second = stream.parse().batches
    assert (first.late, first.out_of_order) == (0, 2)
    assert (first.first, first.last) == ("2026-11-05T10:05:00Z", "2026-11-05T10:30:00Z")
    assert (second.late, second.out_of_order, second.duplicates) == (1, 0, 1)
    assert second.first == "2026-11-05T10:19:00Z"


def test_an_event_of_the_future_makes_no_other_late(make: Make) -> None:
    """A clock that is years ahead is counted as such; an hour ahead of the record is believed."""
    stream = make(late_minutes=10)
    wrong = event(2, at="2099-01-01T00:00:00Z")
    ahead = event(3, at="2026-11-05T12:59:00Z")
    stream.drained(1, [event(1, 30), wrong, event(4, 40), ahead])
    stream.drained(2, [event(5, at="2026-11-05T12:50:00Z"), event(6, 20)])
    first, second = stream.parse().batches
    assert (first.ahead, first.late, first.out_of_order) == (1, 0, 0)
    assert (first.last, first.watermark) == ("2099-01-01T00:00:00Z", "2026-11-05T12:59:00Z")
    assert (second.ahead, second.late, second.out_of_order) == (0, 1, 1)
    counts = stream.root / stream.stream.counts_file
    # Counts of before there were watermarks are made again; all files stay.
    before = places(stream)
    data = json.loads(counts.read_text())
    for batch in data["batches"]:
        del batch["watermark"], batch["ahead"]
    counts.write_text(json.dumps(data))
    assert stream.parse().batches == (first, second)
    assert places(stream) == before


def test_new_fields_are_counted_by_name(make: Make) -> None:
    """What producers send beyond the schema is seen in the counts, not in the rows."""
    stream = make()
    stream.drained(1, [event(1, new=1), event(2, new=2, **{"x" * 300: 1}), event(3)])
    (counts,) = stream.parse().batches
    assert counts.unknown == (("new", 2), ("x" * 100, 1))
    assert sums(counts) == (3, 0, 0, 0)


def test_holes_are_offsets_without_a_record(make: Make) -> None:
    """Of a compacted topic, say; the drain decides whether they are allowed."""
    stream = make()
    path = stream.drained(1, [event(1), event(2), event(3)])
    table = pq.read_table(path)
    pq.write_table(table.take([0, 2]), path)
    (counts,) = stream.parse().batches
    assert (counts.records, counts.events, counts.holes) == (2, 2, 1)


# --- parts are kept, and made alike


def places(stream: Adopted) -> dict[str, tuple[int, int]]:
    """Inode and time of the parts."""
    found = (stream.root / "data/orders").glob("*")
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_a_new_batch_leaves_earlier_files_alone_and_their_records_unread(make: Make) -> None:
    """The earlier part is the same file; its raw records may even have become unreadable."""
    stream = make()
    raw = stream.drained(1, [event(n) for n in range(50)] + [b"{"])
    stream.parse()
    before, files = places(stream), stream.files()
    data = raw.read_bytes()
    start = data.index(b"PAR1") + 4
    raw.write_bytes(data[:start] + bytes(100) + data[start + 100 :])
    stream.drained(2, [event(7), event(100)])
    counts = stream.parse()
    assert places(stream)["000001.parquet"] == before["000001.parquet"]
    after = stream.files()
    kept = [name for name in files if name != stream.stream.counts_file]
    assert {name: after[name] for name in kept} == {name: files[name] for name in kept}
    assert [sums(b) for b in counts.batches] == [(50, 0, 0, 1), (1, 1, 0, 0)]


def test_again_changes_nothing(make: Make) -> None:
    """Nor does it without the counts, or without what the machine remembers."""
    stream = make()
    stream.drained(1, [event(1), b"{", event(1)])
    stream.drained(2, [b"{"])
    stream.drained(3, [None])
    counts, files, before = stream.parse(), stream.files(), places(stream)
    assert stream.parse() == counts
    (stream.root / stream.stream.counts_file).unlink()
    assert stream.parse() == counts
    (stream.root / ".dvc/tmp/datarelease/md5-orders.json").write_text("[")
    assert stream.parse() == counts
    assert (stream.files(), places(stream)) == (files, before)


def test_the_same_records_give_the_same_bytes_anywhere(make: Make) -> None:
    """Two directories, one parsed batch by batch and one at once, end alike."""
    first, second = make("one"), make("two")
    for number in (1, 2):
        values = [event(n * number, n, amount=n) for n in range(60)] + [b"[]"]
        for stream in (first, second):
            stream.drained(number, values, row_group=20)
        first.parse()
    second.parse()
    assert first.files() == second.files()


def test_a_new_rule_makes_all_parts_anew_and_their_md5_shows_it(make: Make) -> None:
    """A changed schema applies to all of history; going back gives the old bytes."""
    stream = make()
    stream.drained(1, [event(1, amount=50), event(2, amount=5)])
    stream.drained(2, [event(3, amount=50), event(4, amount=5)])
    before, files = stream.parse(), stream.files()
    stream.schema(SCHEMA.replace("max_value: 100", "max_value: 10"))
    after = stream.parse()
    assert [sums(b) for b in after.batches] == [(1, 0, 0, 1)] * 2
    assert {b.md5 for b in after.batches}.isdisjoint({b.md5 for b in before.batches})
    stream.schema("# a comment\n" + SCHEMA)
    again = stream.parse()
    assert again.made_from != before.made_from, "the counts name the schema file that they are of"
    kept = [{**told, stream.stream.counts_file: b""} for told in (files, stream.files())]
    assert again.batches == before.batches
    assert kept[0] == kept[1]


def test_what_counts_as_late_is_no_matter_of_the_rows(make: Make) -> None:
    """Another setting changes the counts and leaves all files as they were."""
    stream = make(late_minutes=0)
    stream.drained(1, [event(1, 30)])
    stream.drained(2, [event(2, 29)])
    assert stream.parse().batches[1].late == 1
    before = places(stream)
    assert stream.with_settings(late_minutes=5).parse().batches[1].late == 0
    assert stream.with_settings(time=None).parse().batches[1].first is None
    assert places(stream) == before


def test_hiding_a_column_changes_what_is_told_and_no_rows(make: Make) -> None:
    """Dead letters are written again, parts stay."""
    stream = make(pii=())
    stream.drained(1, [event(1), event(2, email=SECRET)])
    stream.parse()
    before = places(stream)
    assert SECRET in stream.dead()[0]["detail"]
    dataset = replace(stream.stream.dataset, pii=("email",))
    stream = stream.with_settings(dataset=dataset)
    stream.parse()
    assert SECRET not in stream.dead()[0]["detail"]
    assert places(stream) == before


def test_batches_without_files_do_not_make_later_ones_read_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of nothing but duplicates leaves no trace but its counts."""
    stream = make()
    stream.drained(1, [event(1)])
    stream.drained(2, [event(1), None])
    stream.drained(3, [event(2)])
    counts = stream.parse()
    opened = []
    monkeypatch.setattr(parse, "BatchParser", lambda *_: opened.append(1))
    assert stream.parse() == counts
    assert not opened


def test_what_no_raw_file_stands_behind_is_removed(make: Make) -> None:
    """Parts of batches that are gone, and leftovers of killed runs."""
    stream = make()
    stream.drained(1, [event(1), b"{"])
    stream.drained(2, [event(2), b"{"])
    stream.parse()
    (stream.raw / "000002.parquet").unlink()
    (stream.root / "data/orders/.tmp-x").write_text("half")
    assert len(stream.parse().batches) == 1
    assert sorted(stream.files()) == [
        "data/orders/000001.parquet", "data/streams/orders/dead/000001.parquet",
        "reports/orders/stream.json",
    ]  # fmt: skip


def test_files_of_other_people_are_never_removed(make: Make) -> None:
    """Nor are they taken for parts: the stage says what is in the way."""
    stream = make()
    stream.drained(1, [event(1)])
    for place, name in (("data/orders", "2019.csv"), (stream.stream.dead_dir, "sub/mine.parquet")):
        foreign = stream.root / place / name
        foreign.parent.mkdir(parents=True)
        foreign.write_text("the only copy")
        with pytest.raises(ConfigError, match=foreign.relative_to(stream.root / place).parts[0]):
            stream.parse()
        assert foreign.read_text() == "the only copy"
        shutil.rmtree(stream.root / place)
    assert sums(stream.parse().batches[0]) == (1, 0, 0, 0)


def test_no_batch_at_all_is_an_empty_dataset(make: Make) -> None:
    """The directories are there, as DVC wants them."""
    stream = make()
    assert stream.parse().batches == ()
    assert (stream.root / "data/orders").is_dir()
    assert (stream.root / stream.stream.dead_dir).is_dir()


# --- what is refused


def cut(path: Path) -> None:
    """Lose the end of a file."""
    path.write_bytes(path.read_bytes()[:-20])


def scrambled(path: Path) -> None:
    """Overwrite records."""
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\x7f" * 300 + data[304:])


def backwards(path: Path) -> None:
    """Put the records in another order."""
    table = pq.read_table(path)
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), path)


def doubled(path: Path) -> None:
    """Have a record twice."""
    table = pq.read_table(path)
    pq.write_table(table.take([0, 0, 1]), path)


def unplanned(path: Path) -> None:
    """Have records of offsets that the header does not name."""
    table = pq.read_table(path)
    offsets = [offset + 1 for offset in table["offset"].to_pylist()]
    place = table.schema.get_field_index("offset")
    changed = table.set_column(place, table.schema.field(place), [offsets])
    pq.write_table(changed, path)


def anonymous(path: Path) -> None:
    """Have no header."""
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)


def renamed(path: Path) -> None:
    """Have the name of another batch."""
    path.rename(path.with_name("000009.parquet"))


@pytest.mark.parametrize(
    "damage", [cut, scrambled, backwards, doubled, unplanned, anonymous, renamed]
)
def test_a_damaged_raw_file_is_an_error_and_no_data(
    make: Make, damage: Callable[[Path], None]
) -> None:
    """Nothing is guessed: the parts before stay as they were, and the message says what to do."""
    stream = make()
    stream.drained(1, [event(n) for n in range(40)])
    stream.parse()
    before = places(stream)
    damage(stream.drained(2, [event(n, email=f"{SECRET}@{n}") for n in range(100, 140)]))
    with pytest.raises(WorldError) as raised:
        stream.parse()
    assert "dvc checkout" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert places(stream) == before


@pytest.mark.parametrize(
    ("schema", "options", "told"),
    [
        ("columns:\n  id: {}\n", {}, "columns.id.dtype: is missing"),
        ("columns:\n  id: {dtype: int64}\n  '^x': {dtype: int64, regex: true}\n", {}, "regex"),
        ("columns:\n  id: {dtype: int64}\n  ID: {dtype: int64}\n", {}, "differ only in case"),
        ("columns:\n  id: {dtype: 'timedelta64[ns]'}\n", {}, "an event cannot be a duration"),
        ("columns:\n  id: {dtype: int64}\n  '': {dtype: int64}\n", {}, "is not a name"),
        ("columns:\n  a: {dtype: int64}\n", {"pii": ()}, "meta.key: schemas/orders.yaml has no"),
        (SCHEMA, {"time": "when"}, "streams.orders.time: schemas/orders.yaml has no column 'when'"),
        (SCHEMA, {"time": "amount"}, "is not a timestamp or date"),
        ("columns:\n  id: {dtyp: int64}\n", {}, "did you mean dtype?"),
    ],
)
def test_a_schema_that_leaves_rows_open_is_refused(
    make: Make, schema: str, options: dict[str, Any], told: str
) -> None:
    """Everything that is missing is reported, and nothing is written."""
    stream = make(schema=schema, **{"pii": (), "time": None, **options})
    stream.drained(1, [event(1)])
    with pytest.raises(SettingsError) as raised:
        stream.parse()
    assert told in str(raised.value)
    assert not stream.files()


def test_nothing_drained_is_told_as_such(make: Make) -> None:
    """The directory of raw files belongs to the drain."""
    stream = make()
    stream.raw.rmdir()
    with pytest.raises(ConfigError, match="ingest drain orders"):
        stream.parse()


def test_records_of_another_topic_or_format_are_refused(make: Make) -> None:
    """One dataset, one source."""
    stream = make()
    stream.drained(1, [event(1)])
    stream.drained(2, [event(2)], format="avro")
    with pytest.raises(ConfigError, match="drained as avro"):
        stream.parse()


# --- killed, and again


class Stop(BaseException):
    """Ends a run where a kill would."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Adopted, dict[str, bytes]]:
    """Three batches with everything in them, and what parsing them gives."""
    root = tmp_path_factory.mktemp("template")
    options: dict[str, Any] = {"key": ("id",), "pii": ("email",), "time": "at"}
    streams = [Adopted.at(root / name, SCHEMA, **options) for name in ("whole", "todo")]
    for stream in streams:
        for number in (1, 2, 3):
            values = [event(n * number, n) for n in range(20)] + [None, b"{", event(1, amount=-1)]
            stream.drained(number, values, row_group=10)
    streams[0].parse()
    return streams[1], streams[0].files()


@pytest.fixture
def three(
    template: tuple[Adopted, dict[str, bytes]], tmp_path: Path
) -> tuple[Adopted, dict[str, bytes]]:
    """The same in a directory of its own."""
    shutil.copytree(template[0].root, tmp_path / "work")
    return replace(template[0], root=tmp_path / "work"), template[1]


class Stopping(Quiet):
    """Progress that ends a run before a step; without one, when so many chunks are done."""

    def __init__(self, at: Step | None, call: int) -> None:
        """Stop at the ``call``-th of them."""
        self._at = at
        self._left = call

    def step(self, step: Step) -> AbstractContextManager[None]:
        """Stop before it, if it is time."""
        if step == self._at:
            self._passed()
        return super().step(step)

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:  # noqa: ARG002
        """Stop when a chunk is done, if it is time."""
        return nullcontext(lambda _: self._passed() if self._at is None else None)

    def _passed(self) -> None:
        self._left -= 1
        if not self._left:
            raise Stop


STOPPED = [
    (Step.PARSE, 2), (None, 5), (Step.DUPLICATES, 2), (Step.PART, 1), (Step.PART, 2),
    (Step.PART, 4), (Step.COUNTS, 2), (Step.COUNTS, 3),
]  # fmt: skip
"""Steps, and the call before which a run is stopped; None: chunks."""
QUICK = {"duplicates 2", "part 2", "counts 2"}
"""Once in each step that writes."""


@pytest.mark.parametrize(
    ("step", "call"), slow_but(QUICK, STOPPED, lambda stopped: f"{stopped[0]} {stopped[1]}")
)
def test_stopped_anywhere_the_next_run_ends_alike(
    three: tuple[Adopted, dict[str, bytes]], step: Step | None, call: int
) -> None:
    """Whatever was written before, the files end up the same, to the byte."""
    stream, whole = three
    with pytest.raises(Stop):
        stream.parse(Stopping(step, call))
    assert stream.files() != whole
    stream.parse()
    assert stream.files() == whole


def test_killed_for_real_the_command_ends_alike(
    three: tuple[Adopted, dict[str, bytes]],
) -> None:
    """``kill -9`` leaves scratch files too; they harm nobody."""
    stream, whole = three
    (stream.root / ".dvc").mkdir(exist_ok=True)
    (stream.root / ".dvc" / "config").touch()
    (stream.root / "dvc.yaml").write_text(
        "artifacts:\n  orders:\n    path: data/orders\n    type: dataset\n"
        "    meta: {schema: schemas/orders.yaml, key: [id], pii: [email]}\n"
    )
    (stream.root / "params.yaml").write_text(
        "release:\n  streams:\n    orders: {topic: orders, time: at}\n"
    )
    point = Point(step=Step.PART, call=3, when="after")
    run(stream.root, "ingest", "parse", "orders", points=[point], code=KILLED)
    done = run(stream.root, "ingest", "parse", "orders")
    assert done.out.strip() == "orders: 40 rows in 3 batches, 6 dead letters"
    assert stream.files() == whole
    written = stream.files()[stream.stream.counts_file]
    assert decode(StreamCounts, written).batches[0].records == 23
    unknown = run(stream.root, "ingest", "parse", "order", code=2)
    assert "did you mean" in unknown.text.lower()


# --- whatever comes

VALUE = st.one_of(
    st.none(),
    st.builds(event, st.integers(0, 12), st.none() | st.integers(0, 59)),
    st.builds(lambda n: event(n, amount=-1), st.integers(0, 12)),
    st.sampled_from([b"", b"{", b"[]", b"\xff", b'{"id":1}', b'{"id":1,"id":1}']),
)


@examples(5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.dictionaries(st.integers(0, 2), st.lists(VALUE, max_size=12), max_size=3), max_size=3
    )
)
def test_records_are_neither_lost_nor_doubled(
    tmp_path_factory: pytest.TempPathFactory, batches: list[dict[int, list[bytes | None]]]
) -> None:
    """The rows are the first valid event of each key; the counts account for all else."""
    root = tmp_path_factory.mktemp("any") / "work"
    stream = Adopted.at(root, SCHEMA, key=("id",), pii=("email",), time="at")
    for number, records in enumerate(batches, 1):
        stream.drained(number, records, row_group=5)
    counts = stream.parse()
    seen: set[int] = set()
    for batch, records in zip(counts.batches, batches, strict=True):
        values = [value for _, some in sorted(records.items()) for value in some]
        valid = [json.loads(v) for v in values if v and v.endswith(b"}") and b'"amount": 1.5' in v]
        first = {e["id"]: e for e in reversed(valid)}
        fresh = [e for e in valid if first[e["id"]] is e and e["id"] not in seen]
        seen.update(first)
        assert [row["id"] for row in stream.rows(batch.number)] == [e["id"] for e in fresh]
        assert batch.records == len(values)
        assert sums(batch) == (
            len(fresh), len(valid) - len(fresh), values.count(None),
            len(values) - len(valid) - values.count(None),
        )  # fmt: skip
        assert len(stream.dead(batch.number)) == batch.dead == sum(n for _, n in batch.reasons)
