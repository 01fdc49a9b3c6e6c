"""Believable events: orders of a shop, as a Kafka topic really looks.

Most are fine. Some come twice (a producer that retried), late (a phone that was offline), broken
(another team's release) or as tombstones. ``python orchestration/producer.py --help``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from confluent_kafka import KafkaError, KafkaException, Message, Producer

PRODUCTS = {
    "espresso-1kg": 18.9, "filter-500g": 11.5, "decaf-250g": 7.2, "grinder": 129.0,
    "dripper": 24.0, "kettle": 89.0, "filters-100": 4.8, "mug": 12.0,
}  # fmt: skip
COUNTRIES = {"DE": 30, "FR": 18, "GB": 15, "ES": 9, "IT": 9, "NL": 8, "PL": 6, "SE": 5}
CHANNELS = {"web": 60, "app": 34, "phone": 6}
HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares of the events that are not as they should be."""

    twice: float = 0.01
    late: float = 0.004
    broken: float = 0.004
    tombstone: float = 0.001


@dataclass(frozen=True, kw_only=True)
class Event:
    """One record; a value of None is a tombstone."""

    key: bytes
    value: bytes | None


def events(
    rng: random.Random, clock: Iterator[datetime], first: int = 1, rates: Rates | None = None
) -> Iterator[Event]:
    """Events without end, placed at the times of ``clock``; order numbers count up."""
    rates = rates or Rates()
    recent: list[Event] = []
    for number in itertools.count(first):
        placed = next(clock)
        if rng.random() < rates.late:
            placed -= timedelta(seconds=rng.uniform(2 * HOUR, 30 * HOUR))
        order = _order(rng, number, placed)
        event = _event(number, order)
        if rng.random() < rates.broken:
            event = _broken(rng, number, order)
        elif rng.random() < rates.tombstone:
            event = Event(key=event.key, value=None)
        yield event
        recent = [*recent[-49:], event]
        if rng.random() < rates.twice:
            yield rng.choice(recent)


def _order(rng: random.Random, number: int, placed: datetime) -> dict[str, object]:
    product = rng.choice(list(PRODUCTS))
    quantity = min(1 + int(rng.expovariate(0.9)), 24)
    # More coffee before noon, and prices that follow the year a little.
    season = 1 + 0.06 * ((placed.timetuple().tm_yday % 90) / 90)
    order: dict[str, object] = {
        "order_id": f"O-{number:09}",
        "customer_id": 1 + int(rng.paretovariate(1.2) * 37) % 50_000,
        "placed_at": placed.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "country": _weighted(rng, COUNTRIES),
        "channel": _weighted(rng, CHANNELS),
        "product": product,
        "quantity": quantity,
        "unit_price": round(PRODUCTS[product] * season, 2),
    }
    if rng.random() < 0.2:  # noqa: PLR2004 - one in five comes from a campaign
        order["campaign"] = rng.choice(["autumn", "newsletter", "friends"])
    return order


def _broken(rng: random.Random, number: int, order: dict[str, object]) -> Event:
    """One of the ways in which events break a contract."""
    event = _event(number, order)
    match rng.randrange(5):
        case 0:
            return Event(key=event.key, value=(event.value or b"")[:-9])  # cut off
        case 1:
            return _event(number, {**order, "quantity": -1})
        case 2:
            return _event(number, {**order, "unit_price": "free"})
        case 3:
            return _event(number, {name: v for name, v in order.items() if name != "country"})
        case _:
            return Event(key=event.key, value=b"\xff\xfe\x00not json")


def _event(number: int, order: dict[str, object]) -> Event:
    return Event(key=f"O-{number:09}".encode(), value=json.dumps(order).encode())


def _weighted(rng: random.Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def history(start: datetime, step: timedelta) -> Iterator[datetime]:
    """Times that go on evenly from ``start``."""
    for number in itertools.count():
        yield start + number * step


def now() -> Iterator[datetime]:
    """The time of each call."""
    while True:
        yield datetime.now(UTC)


class Sender:
    """Hands events to the broker and counts what it acknowledged."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        """Write to ``topic`` of the broker at ``bootstrap``."""
        self._topic = topic
        self._producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
        self.acknowledged = 0

    def send(self, event: Event) -> None:
        """Queue an event; waits where the queue is full."""
        while True:
            try:
                self._producer.produce(
                    self._topic, event.value, event.key, on_delivery=self._delivered
                )
            except BufferError:
                self._producer.poll(0.5)
            else:
                self._producer.poll(0)
                return

    def flush(self, seconds: float) -> int:
        """Wait for acknowledgements; the events that got none."""
        return self._producer.flush(seconds)

    def _delivered(self, error: KafkaError | None, message: Message[bytes, bytes]) -> None:
        if error is not None:
            raise KafkaException(error)
        self.acknowledged += message.error() is None


def main() -> None:
    """Write a history at once, then events at a rate until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topic")
    parser.add_argument("--history", type=int, default=0, help="events to begin with")
    parser.add_argument("--rate", type=float, default=20.0, help="events a second after that")
    parser.add_argument("--count", type=int, help="stop after this many events")
    parser.add_argument("--first", type=int, default=1, help="number of the first order")
    parser.add_argument("--seed", type=int, default=7)
    told = parser.parse_args()
    bootstrap = os.environ["DATARELEASE_KAFKA_BOOTSTRAP_SERVERS"]
    sender = Sender(bootstrap, told.topic)
    span = timedelta(days=30)
    past = history(datetime.now(UTC) - span, span / max(told.history, 1))
    clock = itertools.chain(itertools.islice(past, told.history), now())
    stream = events(random.Random(told.seed + told.first), clock, told.first)  # noqa: S311 - made-up orders
    for number, event in enumerate(stream):
        if told.count is not None and number >= told.count:
            break
        sender.send(event)
        if number >= told.history:
            time.sleep(1 / told.rate)
    left = sender.flush(60)
    if left:
        raise SystemExit(f"{left} events were not acknowledged")


if __name__ == "__main__":
    main()
