"""Writes data/trips.csv: what the booking system of a bicycle rental would export.

The trips are made up, from a fixed seed. A team replaces this stage by a query of its own system.
"""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

import yaml

STATIONS = ("Castle", "Harbour", "Market", "Museum", "Station", "University")
HEADER = ("trip", "started", "minutes", "from_station", "to_station", "email")


def main() -> None:
    """Write the trips that params.yaml asks for; more days append trips, earlier ones stay."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["extract"]
    draw = random.Random(params["seed"])
    start = datetime(2026, 3, 1, 6)
    rows = []
    for day in range(params["days"]):
        for _ in range(params["trips_a_day"]):
            began = start + timedelta(days=day, minutes=draw.randrange(16 * 60))
            minutes = round(draw.lognormvariate(2.9, 0.6))
            ends = draw.choice(STATIONS), draw.choice(STATIONS)
            rider = f"rider{draw.randrange(1, 200)}@example.com"
            rows.append((len(rows) + 1, began.isoformat(sep=" "), minutes, *ends, rider))
    target = Path("data/trips.csv")
    target.parent.mkdir(exist_ok=True)
    with target.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([HEADER, *rows])


if __name__ == "__main__":
    main()
