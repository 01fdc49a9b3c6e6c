"""The events of the local stack: believable, and wrong in known ways."""

from __future__ import annotations

import itertools
import json
import random
from datetime import UTC, datetime, timedelta

import yaml
from orchestration.producer import PRODUCTS, Event, Rates, events, history
from tests.stories import ROOT

START = datetime(2026, 11, 1, tzinfo=UTC)
CLEAN = Rates(twice=0, late=0, broken=0, tombstone=0)


def some(count: int, rates: Rates | None = None, seed: int = 1) -> list[Event]:
    """The first events of a history, one a second."""
    clock = history(START, timedelta(seconds=1))
    rng = random.Random(seed)  # noqa: S311 - made-up orders
    return list(itertools.islice(events(rng, clock, rates=rates), count))


def test_orders_keep_the_schema_of_the_shop() -> None:
    """Without faults every event has the columns of schemas/orders.yaml and no others."""
    schema = yaml.safe_load((ROOT / "orchestration" / "shop" / "orders.yaml").read_text())
    required = {n for n, column in schema["columns"].items() if column.get("required", True)}
    for event in some(500, CLEAN):
        assert event.value is not None
        order = json.loads(event.value)
        assert required <= set(order) <= set(schema["columns"])
        assert event.key.decode() == order["order_id"]
        assert order["product"] in PRODUCTS
        assert 1 <= order["quantity"] <= 1000


def test_equal_seeds_give_equal_events() -> None:
    """A story can be told again."""
    assert some(300) == some(300)
    assert some(300) != some(300, seed=2)


def test_every_kind_of_fault_occurs() -> None:
    """Twice, late, broken and tombstones; the rest is in order."""
    found = some(20_000)
    keys = [event.key for event in found]
    assert len(keys) > len(set(keys))
    assert any(event.value is None for event in found)
    assert any(event.value and not event.value.startswith(b"{") for event in found)
    late = 0
    for number, event in enumerate(found):
        try:
            order = json.loads(event.value or b"")
        except ValueError:
            continue
        placed = datetime.fromisoformat(order["placed_at"])
        late += placed < START + timedelta(seconds=number) - timedelta(hours=2)
    assert 0 < late < len(found) / 50
