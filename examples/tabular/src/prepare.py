"""Makes data/trips.parquet of data/trips.csv: real types, and the price of each trip."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import yaml


def main() -> None:
    """Leave out trips that nobody made, and price the others."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["prepare"]
    trips = pcsv.read_csv("data/trips.csv")
    trips = trips.filter(pc.greater_equal(trips["minutes"], params["shortest_minutes"]))
    charged = pc.multiply(trips["minutes"], params["price_per_minute"])
    cents = pc.round(pc.multiply(pc.add(charged, params["price_to_unlock"]), 100))
    price = pc.divide(cents, 100.0)
    started = trips["started"].cast(pa.timestamp("us"))
    trips = trips.set_column(trips.schema.get_field_index("started"), "started", started)
    pq.write_table(trips.append_column("price", price), "data/trips.parquet")


if __name__ == "__main__":
    main()
