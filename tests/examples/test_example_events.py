"""The example of events is played as its page says, on a real broker, and so is its README."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.broker import Broker
from tests.commands import run
from tests.example_repositories import DOCS, EXAMPLES, beside_a_checkout
from tests.sessions import Session

NAME = "tests/examples/test_example_events.py"
TOPIC = "weather.readings"


@pytest.mark.slow  # its parts are in tests/flows/ingest
def test_the_page_of_the_events_example_is_true(tmp_path: Path, broker: Broker) -> None:
    """Two batches, dead letters, a proposal, a blocked mistake, a roll-back, and the README."""
    if TOPIC in broker.admin.list_topics(timeout=30).topics:  # of an earlier run, on a real broker
        broker.admin.delete_topics([TOPIC])[TOPIC].result(30)
    broker.again(TOPIC)
    session = Session(beside_a_checkout(tmp_path), replaced={"127.0.0.1:9092": broker.bootstrap})
    assert session.play(DOCS / "recipes" / "example-events.md", NAME) > 7
    session.play(EXAMPLES / "events" / "README.md", NAME)
    assert (
        "nothing to do: everything is already there"
        in run(session.place, "init", "--dataset", "data/readings").text
    )
