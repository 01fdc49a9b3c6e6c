"""`datarelease ingest dead`: dead letters listed, shown and sent again, as they came."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.broker import Broker
from tests.commands import run
from tests.goldens import Golden
from tests.raw_files import Adopted

from datarelease.ingest.commit import letters_in
from datarelease.ingest.raw import RAW_SCHEMA

EVENTS = [
    b'{"id":1,"email":"secret@example.com"}', b"{", b'{"id":"\x1b[2J"}', b"\xff\x00", b'{"id":2}',
]  # fmt: skip
HEADERS = [("trace", b"\x01\xff"), ("trace", None)]


@pytest.fixture
def stream(tmp_path: Path) -> Adopted:
    """A parsed stream with three dead letters, the first of which has headers."""
    made = Adopted.at(tmp_path / "work", "columns:\n  id: {dtype: int64}\n")
    path = made.drained(1, EVENTS)
    raw = pq.read_table(path)
    headers = pa.array([None, HEADERS, None, None, None], RAW_SCHEMA.field("headers").type)
    place = raw.schema.get_field_index("headers")
    raw = raw.set_column(place, RAW_SCHEMA.field("headers"), headers)
    pq.write_table(raw, path)
    made.parse()
    settings(made.root, "orders")
    return made


def settings(root: Path, topic: str) -> None:
    """What makes the directory a repository with the stream `orders`."""
    (root / ".dvc").mkdir(exist_ok=True)
    (root / ".dvc" / "config").touch()
    meta = {"schema": "schemas/orders.yaml"}
    orders = {"path": "data/orders", "type": "dataset", "meta": meta}
    (root / "dvc.yaml").write_text(yaml.safe_dump({"artifacts": {"orders": orders}}))
    release = {"streams": {"orders": {"topic": topic}}}
    (root / "params.yaml").write_text(yaml.safe_dump({"release": release}))


def test_dead_letters_keep_their_headers(stream: Adopted) -> None:
    """Names, values and their order; a file of an older version, which has none, is read too."""
    path = stream.root / stream.stream.dead_dir / "000001.parquet"
    assert [letter.headers for letter in letters_in(path)] == [tuple(HEADERS), (), ()]
    pq.write_table(pq.read_table(path).drop_columns(["headers"]), path)
    assert [letter.headers for letter in letters_in(path)] == [(), (), ()]


def test_dead_letters_are_listed_and_shown(stream: Adopted) -> None:
    """The list has places and reasons; one is shown whole, and no byte of it moves a cursor."""
    listed = run(stream.root, "ingest", "dead", "list", "orders").out
    assert [line.split()[0] for line in listed.splitlines()] == ["place", "0:1", "0:2", "0:3", "3"]
    assert listed.endswith("3 dead letters: 1 json:truncated, 1 json:syntax, 1 json:utf8\n")
    found = json.loads(
        run(stream.root, "ingest", "dead", "list", "orders", "--reason", "json:utf8", "--json").out
    )
    assert [(one["partition"], one["offset"]) for one in found] == [(0, 3)]
    shown = run(stream.root, "ingest", "dead", "show", "orders", "0:1").out
    assert "reason  json:truncated: the value is truncated" in shown
    assert "header  trace: \\x01\\xff" in shown
    assert "value   {" in shown
    assert "\x1b" not in run(stream.root, "ingest", "dead", "show", "orders", "0:2").out
    whole = json.loads(run(stream.root, "ingest", "dead", "show", "orders", "0:3", "--json").out)
    assert whole["value_base64"] == "/wA="


def test_what_is_not_there_is_told(stream: Adopted) -> None:
    """A place without a dead letter, a place that is none, a stream that was not parsed here."""
    for place, words in (("0:0", "no dead letter at offset 0"), ("17", "PARTITION:OFFSET")):
        assert words in run(stream.root, "ingest", "dead", "show", "orders", place, code=2).text
    assert (
        "have to be named in one way"
        in run(stream.root, "ingest", "dead", "replay", "orders", code=2).text
    )
    (stream.root / stream.stream.dead_dir).rename(stream.root / "away")
    assert "dvc pull" in run(stream.root, "ingest", "dead", "list", "orders", code=2).text


def test_dead_letters_are_sent_again_as_they_were(
    stream: Adopted, broker: Broker, transcripts: Golden
) -> None:
    """Value and headers are the record's; one more header has its original place."""
    topic = broker.topic("again")
    settings(stream.root, topic)
    command = ("ingest", "dead", "replay", "orders")
    refused = run(stream.root, *command, "--all", env=broker.env, code=2)
    assert "3 dead letters to send to" in refused.text
    assert broker.committed(topic) == []
    transcripts.names = {topic: "shop.orders"}
    places = ("0:3", "0:1", "--yes")
    transcripts.show(stream.root, *command, *places, name="ingest-dead-replay", env=broker.env)
    sent = broker.committed(topic)
    assert [message.value() for message in sent] == [b"\xff\x00", b"{"]
    place = ("datarelease.replay", f"{topic}:0:1".encode())
    assert sent[1].headers() == [*HEADERS, place]
    other = broker.topic("other")
    run(stream.root, *command, "--reason", "json:syntax", "--topic", other, "--yes", env=broker.env)
    assert [message.value() for message in broker.committed(other)] == [b'{"id":"\x1b[2J"}']
