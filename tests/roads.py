"""An adopting repository whose dataset `orders` is fed from a topic by the real stages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml
from tests.broker import Broker, Record
from tests.commands import run
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
            "metrics": [{"reports/orders/stream.json": {"cache": False, "persist": True}}],
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


def settings(topic: str, **policy: object) -> dict[str, Any]:
    """The ``release:`` section."""
    return {
        "streams": {NAME: {"topic": topic, "batch": 500, "propose": {"events": 250}}},
        "policy": {"dead_letters": {"max": 0.2}, "psi": {"max": None}, "ks": {"max": None}}
        | policy,
    }


def joined(project: Project, topic: str, **policy: object) -> None:
    """Add a stream to a repository that adopted data releases already, as people do, and commit.

    The topic has events by then: the schema is inferred from them.
    """
    run(project, "ingest", "add", NAME, "--topic", topic, "--key", "id", "--yes")
    schema = (project.root / "schemas/orders.yaml").read_text()
    bounds = "    dtype: float64\n    checks:\n      in_range: {min_value: 0, max_value: 1000}\n"
    project.write("schemas/orders.yaml", schema.replace("    dtype: float64\n", bounds))
    params = project.read_yaml("params.yaml")
    ours = settings(topic, **policy)
    params["release"]["streams"][NAME] |= ours["streams"][NAME]
    params["release"]["policy"] = {**(params["release"].get("policy") or {}), **ours["policy"]}
    project.write("params.yaml", yaml.safe_dump(params))
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
    project.write(".gitignore", "/reports/report.*\n/reports/pull-request.json\n")
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
    """How many records: an order for each id, and among them what is not a good order.

    Each tenth id comes a second time, and there are a record that is not JSON, one with an
    amount that the schema refuses, and a tombstone.
    """
    bad: list[Record] = [
        ("x", "{not json"),
        ("y", json.dumps({"id": -1, "customer": "c", "amount": 5_000.0})),
        ("0", None),
    ]
    return broker.produce(topic, [*events(ids), *events(ids[::10]), *bad])
