"""Sends readings of weather stations to the topic: what real stations would send.

``python src/produce.py 100`` sends the first 100 readings, ``python src/produce.py 100 250`` those
after them. They are made up, from a fixed seed. One in fifty is broken: its temperature is a text.
The broker is the one that DATARELEASE_KAFKA_BOOTSTRAP_SERVERS names.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from confluent_kafka import Producer

STATIONS = ("Harbour", "Hill", "Meadow")
BROKEN = 50
"""One in so many."""
START = datetime(2026, 3, 1, tzinfo=UTC)


def main() -> None:
    """Send the readings between two numbers, and wait until the broker has them."""
    *begin, end = map(int, sys.argv[1:])
    settings = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["release"]
    topic = settings["streams"]["readings"]["topic"]
    servers = os.environ["DATARELEASE_KAFKA_BOOTSTRAP_SERVERS"]
    producer = Producer({"bootstrap.servers": servers})
    for number, reading in enumerate(readings(end)):
        if number >= sum(begin):
            producer.produce(topic, json.dumps(reading), key=reading["station"])
    left = producer.flush(30)
    if left:
        sys.exit(f"{left} readings did not reach {servers}")


def readings(count: int) -> Iterator[dict[str, object]]:
    """The first ``count`` readings."""
    draw = random.Random(11)
    for number in range(count):
        temperature: object = round(draw.gauss(9, 4), 1)
        yield {
            "reading": number + 1,
            "station": draw.choice(STATIONS),
            "measured_at": (START + timedelta(minutes=number)).isoformat(),
            "temperature": "broken" if (number + 1) % BROKEN == 0 else temperature,
            "humidity": round(draw.uniform(40, 95), 1),
        }


if __name__ == "__main__":
    main()
