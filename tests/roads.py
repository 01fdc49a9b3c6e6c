"""An adopting repository whose dataset `orders` is fed from a topic by the real stages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml
from tests.broker import Broker, Record
from tests.project import REMOTE, Project

NAME = "orders"
SCHEMA = """\
schema_type: dataframe
api: pandas
columns:
  id: {dtype: int64}
  customer: {dtype: str}
  amount: {dtype: float64, checks: {in_range: {min_value: 0, max_value: 1000}}}
strict: true
"""
DVC_YAML: dict[str, Any] = {
    "stages": {
        "drain-orders": {
            "cmd": "datarelease ingest drain orders",
            "deps": ["streams/orders.json"],
            "outs": [{"data/streams/orders/raw": {"persist": True}}],
        },
        "parse-orders": {
            "cmd": "datarelease ingest parse orders",
            "deps": ["data/streams/orders/raw", "schemas/orders.yaml"],
            "outs": [
                {"data/orders": {"persist": True}},
                {"data/streams/orders/dead": {"persist": True}},
            ],
            "metrics": [{"reports/orders/stream.json": {"cache": False}}],
        },
    },
    "artifacts": {
        NAME: {
            "path": "data/orders",
            "type": "dataset",
            "meta": {"key": ["id"], "schema": "schemas/orders.yaml"},
        }
    },
}


JUDGED: dict[str, Any] = {
    "validate-orders": {
        "cmd": "datarelease validate orders",
        "deps": ["data/orders", "schemas/orders.yaml"],
        "metrics": [{"reports/orders/validation.json": {"cache": False}}],
    },
    "profile-orders": {
        "cmd": "datarelease profile orders",
        "deps": ["data/orders", "reports/orders/validation.json"],
        "metrics": [{"reports/orders/profile.json": {"cache": False}}],
    },
}
"""What a check of somebody else needs, who has no data."""


def settings(topic: str, **policy: object) -> dict[str, Any]:
    """The ``release:`` section."""
    return {
        "streams": {NAME: {"topic": topic, "batch": 500, "propose": {"events": 250}}},
        "policy": {"dead_letters": {"max": 0.2}, "psi": {"max": None}, "ks": {"max": None}}
        | policy,
    }


def joined(project: Project, topic: str, **policy: object) -> None:
    """Add the stream to a repository that adopted data releases already, as a commit."""
    pipeline = project.read_yaml("dvc.yaml")
    pipeline["stages"] |= DVC_YAML["stages"] | JUDGED
    pipeline["artifacts"] |= DVC_YAML["artifacts"]
    project.write("dvc.yaml", yaml.safe_dump(pipeline, sort_keys=False))
    project.write("schemas/orders.yaml", SCHEMA)
    params = project.read_yaml("params.yaml")
    params["release"] = {**(params.get("release") or {}), **settings(topic, **policy)}
    project.write("params.yaml", yaml.safe_dump(params))
    ignored = project.root / ".gitignore"
    ignored.write_text((ignored.read_text() if ignored.exists() else "") + "\n/data/\n")
    project.commit("A stream")


def fed(project: Project, topic: str, **policy: object) -> None:
    """Make the empty directory of a project a repository fed from ``topic``, with its origin."""
    project.root.mkdir(parents=True)
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    config = "[core]\n    analytics = false\n    check_update = false\n    remote = storage\n"
    config += f"['remote \"{REMOTE}\"']\n    url = ../../remote\n    verify = true\n"
    project.write(".dvc/config", config)
    project.write("schemas/orders.yaml", SCHEMA)
    project.write("dvc.yaml", yaml.safe_dump(DVC_YAML, sort_keys=False))
    release = settings(topic, **policy)
    project.write("params.yaml", yaml.safe_dump({"release": release}))
    project.write(".gitignore", "/data/\n/reports/report.*\n/reports/pull-request.json\n")
    project.commit("A stream")
    project.run("git", "init", "--quiet", "--bare", str(project.origin))
    project.git("remote", "add", "origin", str(project.origin))
    project.push()


def events(ids: Iterable[int]) -> list[Record]:
    """An order for each id."""
    return [
        (str(n), json.dumps({"id": n, "customer": f"c{n % 7}", "amount": n % 100 + 0.5}))
        for n in ids
    ]


def produced(broker: Broker, topic: str, ids: range) -> int:
    """How many records: an order for each id, and among them what is no good order.

    Each tenth id comes a second time, and there are a record that is no JSON, one with an amount
    that the schema refuses, and a tombstone.
    """
    bad: list[Record] = [
        ("x", "{not json"),
        ("y", json.dumps({"id": -1, "customer": "c", "amount": 5_000.0})),
        ("0", None),
    ]
    return broker.produce(topic, [*events(ids), *events(ids[::10]), *bad])
