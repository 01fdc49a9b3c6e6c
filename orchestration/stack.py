"""The whole loop on one machine: events, Dagster, proposals, releases on S3. No Docker, no account.

``make orchestration`` starts a Kafka-protocol broker, an S3 server, Dagster and a producer of
orders, in ``build/orchestration/``. Ctrl-C ends them; started again, everything goes on where it
was. ``make orchestration ARGS=--fresh`` begins anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from rich.text import Text
from s3fs import S3FileSystem

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from demo.environment import clean_environment  # noqa: E402 - found from the top of the repository
from orchestration.programs import Servers, console, serving, until  # noqa: E402 - found beside this script
from orchestration.servers import (  # noqa: E402 - found beside this script
    HOST,
    S3_PORTS,
    free_port,
    free_ports,
    kafka_command,
    s3_command,
    s3_config,
    s3_endpoint,
    s3_identity,
)
from orchestration.shop_repository import BUCKET, TOPICS, Shop  # noqa: E402 - as above

STAGE = ROOT / "build" / "orchestration"
DEFINITIONS = ROOT / "orchestration" / "dagster_app" / "definitions.py"
ACCESS, SECRET = "shop", "secret-of-this-loopback-server"
START_UP = 120.0


def main() -> None:
    """Start everything and tell what happens until Ctrl-C."""
    told = arguments()
    stage: Path = told.stage.resolve()
    if told.fresh:
        shutil.rmtree(stage, ignore_errors=True)
    env = environment(stage)
    with serving(stage) as servers:
        bootstrap = told.broker or start_broker(servers, env)
        env["DATARELEASE_KAFKA_BOOTSTRAP_SERVERS"] = bootstrap
        make_topics(bootstrap, servers)
        endpoint = start_s3(servers, env)
        shop = Shop(origin=stage / "origin.git", work=stage / "work", env=env)
        if not shop.origin.exists():
            shop.make()
        shop.connect(endpoint)
        address = start_dagster(servers, shop, env, told.port)
        start_producer(servers, env, told)
        facts = {
            "broker": f"{bootstrap} (Kafka protocol): {', '.join(TOPICS)}",
            "S3": f"{endpoint}/{BUCKET}",
            "repository": f"{shop.work} (its origin: {shop.origin})",
            "producer": f"{told.rate:g} orders a second",
            "logs": str(servers.logs),
            "Dagster": address,
        }
        for name, fact in facts.items():
            console.print(Text.assemble((f"{name:12}", "bold"), fact))
        console.print(
            "\nIn the first minutes, orders arrive; a proposal is opened, checked and merged; and"
        )
        console.print("a version is released. Ctrl-C ends everything; the data stays.\n")
        watch(servers, shop, told.until)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1] if __doc__ else None)
    parser.add_argument("--fresh", action="store_true", help="delete what earlier runs left")
    parser.add_argument("--stage", type=Path, default=STAGE, help="where all data and logs are")
    parser.add_argument("--port", type=int, default=3000, help="the port of Dagster's web server")
    parser.add_argument("--rate", type=float, default=20.0, help="orders a second")
    parser.add_argument("--history", type=int, default=20_000, help="orders to begin with")
    parser.add_argument("--broker", help="use this broker instead of starting one: HOST:PORT")
    parser.add_argument("--until", type=int, help="end when this many versions are released")
    return parser.parse_args()


def environment(stage: Path) -> dict[str, str]:
    """Ours, with an identity for git and the key of the S3 server."""
    foreign = ("AWS_", "GITHUB_", "DATARELEASE_", "DAGSTER_")
    return {
        **clean_environment(stage / "home", *foreign, user="Shop"),
        "AWS_ACCESS_KEY_ID": ACCESS,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def start_broker(servers: Servers, env: Mapping[str, str]) -> str:
    """The address of a broker of our own."""
    [port] = free_ports(1)
    servers.start("broker", kafka_command(servers.stage / "kafka", port), env)
    return f"{HOST}:{port}"


def make_topics(bootstrap: str, servers: Servers) -> None:
    """Make the topics that are not there yet, as soon as the broker answers."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for _ in until(START_UP, servers, f"the broker at {bootstrap} does not answer"):
        try:
            there = admin.list_topics(timeout=1).topics
            break
        except KafkaException:
            continue
    new = [NewTopic(name, parts, 1) for name, parts in TOPICS.items() if name not in there]
    for name, made in (admin.create_topics(new) if new else {}).items():
        try:
            made.result(30)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise SystemExit(f"the topic {name} cannot be made: {error}") from error


def start_s3(servers: Servers, env: Mapping[str, str]) -> str:
    """The address of an S3 server with our bucket."""
    folder, ports = servers.stage / "s3", free_ports(S3_PORTS)
    folder.mkdir(exist_ok=True)
    rights = ["Admin", "Read", "Write", "List", "Tagging"]
    config = s3_config(folder / "s3.json", [s3_identity("shop", ACCESS, SECRET, rights)])
    servers.start("s3", s3_command(folder, config, ports), env)
    endpoint = s3_endpoint(ports)
    for _ in until(START_UP, servers, f"the S3 server at {endpoint} does not answer"):
        store = S3FileSystem(
            key=ACCESS, secret=SECRET, endpoint_url=endpoint, skip_instance_cache=True
        )
        try:
            if not store.exists(BUCKET):
                store.mkdir(BUCKET)
            store.pipe_file(f"{BUCKET}/.alive", b"")
        except OSError:
            continue
        return endpoint
    raise SystemExit("unreachable")


def start_dagster(servers: Servers, shop: Shop, env: dict[str, str], wanted: int) -> str:
    """The address of Dagster's page, which answers; its sensors run from the start."""
    port = free_port(wanted)
    if port != wanted:
        console.print(f"port {wanted} is in use: Dagster uses {port}")
    home = servers.stage / "dagster"
    home.mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "orchestration" / "dagster.yaml", home / "dagster.yaml")
    env |= {
        "DAGSTER_HOME": str(home),
        "DATARELEASE_REPOSITORY": str(shop.work),
        "DATARELEASE_AUTOMATION": "on",
        "DATARELEASE_MAIN": "release",  # no workflow of GitHub does it here
        "DATARELEASE_SENSOR_SECONDS": "10",
    }
    command = [
        str(Path(sys.executable).parent / "dagster"), "dev", "-f", str(DEFINITIONS),
        "--host", HOST, "--port", str(port),
    ]  # fmt: skip
    servers.start("dagster", command, env)
    address = f"http://{HOST}:{port}"
    console.print(f"waiting for Dagster at {address}")
    for _ in until(START_UP, servers, f"Dagster at {address} does not answer"):
        try:
            with urlopen(f"{address}/server_info", timeout=5):  # noqa: S310 - our own address
                return address
        except OSError:
            continue
    raise SystemExit("unreachable")


def start_producer(servers: Servers, env: Mapping[str, str], told: argparse.Namespace) -> None:
    """Orders: a history where the stack is new, then some every second."""
    mark = servers.stage / "orders"
    first = int(mark.read_text()) if mark.exists() else 1
    mark.write_text(str(first + 10_000_000))  # order numbers of the next start
    history = told.history if first == 1 else 0
    command = [
        sys.executable, str(ROOT / "orchestration" / "producer.py"), next(iter(TOPICS)),
        "--history", str(history), "--rate", str(told.rate), "--first", str(first),
    ]  # fmt: skip
    servers.start("producer", command, env)


def watch(servers: Servers, shop: Shop, wanted: int | None) -> None:
    """Tell of each new version; return when there are as many as wanted."""
    known: dict[str, str] = {}
    while wanted is None or len(known) < wanted:
        servers.check()
        now = shop.versions()
        if not now and shop.first_proposal():
            console.print("The first proposal brings a new dataset, not a patch: a person decides.")
            console.print("Playing that person: stream/orders/000001-1 is merged.")
            shop.merge_first(servers.stage / "reviewer")
        for tag, subject in now.items():
            if tag not in known:
                clock = time.strftime("%H:%M:%S")
                console.print(Text.assemble((f"{clock}  {tag}", "bold green"), f"  {subject}"))
        known = now
        time.sleep(2)


if __name__ == "__main__":
    main()
