"""What ``dvc.yaml`` and ``params.yaml`` say of a stream: its stages and its settings."""

from __future__ import annotations

from collections.abc import Collection

from datarelease.adapters.yaml_edit import insert
from datarelease.flows.edits.pipeline import PipelineDataset, edited_pipeline
from datarelease.model.adoption import Proposed, yaml_text
from datarelease.model.data.stream import Stream
from datarelease.settings.read import DATASETS_FILE, PARAMS_FILE, SECTION


def stage_names(name: str) -> tuple[str, str]:
    """The names of the stages that make a stream's dataset."""
    return f"drain-{name}", f"parse-{name}"


def with_stages(text: str, stream: Stream, proposed: Proposed, taken: Collection[str]) -> str:
    """``text`` of dvc.yaml with the stages of a stream, those that check it, and its dataset."""
    drain, parse = stage_names(stream.name)
    text = insert(text, ["stages"], [_drain(drain, stream), _parse(parse, stream)],
                  file=DATASETS_FILE)  # fmt: skip
    member = PipelineDataset(
        proposed=proposed, schema=stream.dataset.schema, declared=False, bare=False,
        validated=False, profiled=False,
    )  # fmt: skip
    return edited_pipeline(text, [member], [*taken, drain, parse])


def _drain(name: str, stream: Stream) -> str:
    return "\n".join(
        [
            f"{name}:",
            f"  desc: The records of topic {stream.topic} that the plan names, as they are",
            f"  cmd: datarelease ingest drain {stream.name}",
            "  deps:",
            f"    - {yaml_text(stream.plan_file)}",
            "  outs:",
            f"    - {yaml_text(stream.raw_dir)}:",
            "        persist: true  # a new batch adds a file, the others stay",
        ]
    )


def _parse(name: str, stream: Stream) -> str:
    dataset = stream.dataset
    where = f"{SECTION}.streams.{stream.name}"
    judged = ["format", *(["time", "late_minutes"] if stream.time else [])]
    return "\n".join(
        [
            f"{name}:",
            f"  desc: Rows of {dataset.name}, and dead letters with their reasons",
            f"  cmd: datarelease ingest parse {stream.name}",
            "  # DVC cannot watch this very file: when `key` or `pii` below change, run",
            f"  # `dvc repro --force {name}`.",
            "  deps:",
            f"    - {yaml_text(stream.raw_dir)}",
            f"    - {yaml_text(dataset.schema or '')}",
            "  params:",
            *(f"    - {yaml_text(f'{where}.{key}')}" for key in judged),
            "  outs:",
            *(
                line
                for out in (dataset.path, stream.dead_dir)
                for line in (f"    - {yaml_text(out)}:", "        persist: true")
            ),
            "  metrics:",
            f"    - {yaml_text(stream.counts_file)}:",
            "        cache: false",
            "        persist: true  # the counts of earlier batches are taken from it",
        ]
    )


def with_settings(text: str, stream: Stream) -> str:
    """``text`` of params.yaml with the settings of a stream."""
    lines = [
        f"{yaml_text(stream.name)}:",
        f"  topic: {yaml_text(stream.topic)}",
        f"  format: {stream.format}",
    ]
    if stream.time:
        lines += [
            f"  time: {yaml_text(stream.time)}  # when an event happened",
            f"  late_minutes: {stream.late_minutes}  # an event older by so much is late",
        ]
    else:
        lines.append("  # time: COLUMN  # when an event happened; decides which ones are late")
    if stream.holes:
        lines.append("  holes: true  # offsets without a record: transactions, or compaction")
    due = f"{{events: {stream.propose_events}, minutes: {stream.propose_minutes}}}"
    lines += [
        f"  # batch: {stream.batch}  # most records of one part file",
        f"  # propose: {due}  # when a pull request is due",
        "  # dead_letters: TOPIC  # where events that break the schema are sent after a release",
    ]
    return insert(text, [SECTION, "streams"], ["\n".join(lines)], file=PARAMS_FILE)
