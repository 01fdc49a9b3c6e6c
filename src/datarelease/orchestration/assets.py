"""DVC's stages as assets: one for each output, made by ``dvc repro --single-item STAGE``."""

# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import dagster as dg
from dagster_pipes import PIPES_PROTOCOL_VERSION, PIPES_PROTOCOL_VERSION_FIELD

from datarelease.adapters.dvc.graph import StageNode, current_hashes, read_graph
from datarelease.flows.repository import Workspace
from datarelease.model.data.dataset import Dataset
from datarelease.orchestration.metadata import COLUMNS, document_metadata, stage_metadata
from datarelease.orchestration.pipeline import (
    OBSERVE_OP,
    SOURCES,
    Pipeline,
    data_versions,
    kinds,
    made_by,
    provenance,
    source_events,
)
from datarelease.orchestration.resources import Logged, RepositoryResource, dagster_errors

WORK_TREE = "dvc"
"""Pool of what changes the work tree: DVC locks it, and one may run at a time."""
_LONGEST_TAG = 63


def source_assets(pipeline: Pipeline, origins: Mapping[str, dg.AssetKey]) -> dg.AssetsDefinition:
    """What stages read and do not make: files of git, data of ``.dvc`` files, things outside.

    Looking at them tells Dagster their versions. A sensor does it all the time. ``origins`` are
    external assets that some of them come from, by their paths.
    """
    specs = [
        dg.AssetSpec(
            pipeline.keys[source.path],
            deps=[origins[source.path]] if source.path in origins else [],
            group_name=SOURCES,
            description=source.desc or _said_of(source.path, source.source),
            kinds=kinds(source.path, made=bool(source.source)),
            metadata={"path": source.path, "tracked_by": source.source or "git"},
        )
        for source in pipeline.graph.sources
    ]

    def observe(
        context: dg.AssetExecutionContext, repository: RepositoryResource
    ) -> Iterator[dg.ObserveResult]:
        with dagster_errors():
            found = current_hashes(repository.path, read_graph(repository.path))
        for path, md5 in found.items():
            key = pipeline.keys.get(path)
            if key is not None and key in context.selected_asset_keys:
                yield dg.ObserveResult(asset_key=key, data_version=dg.DataVersion(md5))

    with warnings.catch_warnings():
        # It is the one way to observe many sources in one step, and Dagster calls it beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        made = dg.multi_observable_source_asset(name=OBSERVE_OP, specs=specs, can_subset=True)
        return cast("dg.AssetsDefinition", made(observe))  # which Dagster leaves without a type


def _said_of(path: str, source: str) -> str:
    return f"{path}, tracked by {source}" if source else f"{path}, an input of the pipeline"


def stage_assets(
    pipeline: Pipeline,
    datasets: Mapping[dg.AssetKey, Dataset],
    schemas: Mapping[dg.AssetKey, dg.TableSchema],
) -> list[dg.AssetsDefinition]:
    """An assets definition for each stage; ``datasets`` are described, with their ``schemas``."""
    return [
        _stage(
            pipeline,
            stage,
            [_spec(pipeline, stage, path, datasets, schemas) for path in made_by(stage)],
        )
        for stage in pipeline.graph.stages
    ]


def _stage(
    pipeline: Pipeline, stage: StageNode, specs: Sequence[dg.AssetSpec]
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=pipeline.op_names[stage.address],
        specs=specs,
        # Somebody may want one output of several: its stage makes all, and tells of that one.
        can_subset=True,
        pool=WORK_TREE,
        description=stage.desc or f"The stage {stage.address} of DVC: {stage.cmd}",
    )
    def run(
        context: dg.AssetExecutionContext, repository: RepositoryResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with dagster_errors():
            ws = repository.workspace(Logged(context.log))
            told = _run(context, ws, stage)
            made = Pipeline(read_graph(repository.path))
            for event in source_events(made, repository.path, context.instance):
                # Else what is made now would count as made from unknown inputs.
                context.log_event(event)
        now = next((s for s in made.graph.stages if s.address == stage.address), stage)
        tags = provenance(made, now)
        for path, md5 in data_versions(now).items():
            key = pipeline.keys.get(path)
            if key is not None and key in context.selected_asset_keys:
                recorded = document_metadata(ws, path, stage.address)
                about = {**stage_metadata(now, path), **recorded}
                yield dg.MaterializeResult(
                    asset_key=key,
                    data_version=dg.DataVersion(md5) if md5 else None,
                    tags=tags,
                    metadata={**about, **told.get(key, {})},
                )

    return run


def _spec(
    pipeline: Pipeline,
    stage: StageNode,
    path: str,
    datasets: Mapping[dg.AssetKey, Dataset],
    schemas: Mapping[dg.AssetKey, dg.TableSchema],
) -> dg.AssetSpec:
    key = pipeline.keys[path]
    dataset = datasets.get(key)
    desc = next((out.desc for out in stage.outs if out.path == path and out.desc), "")
    about: dict[str, Any] = {"path": path, "stage": stage.address, "command": stage.cmd}
    if dataset is not None:
        about |= {"dataset": dataset.name, "key": list(dataset.key), "pii": list(dataset.pii)}
        about |= {"schema": dataset.schema or "none declared"}
    if key in schemas:
        about[COLUMNS] = schemas[key]
    return dg.AssetSpec(
        key,
        deps=list(pipeline.inputs(stage)),
        group_name=pipeline.group(stage),
        description=desc or (dataset.desc if dataset else "") or stage.desc or stage.cmd,
        code_version=stage.version,
        kinds=kinds(path, made=True),
        tags={"dataset": dataset.name[:_LONGEST_TAG]} if dataset else {},
        metadata=about,
    )


def _run(
    context: dg.AssetExecutionContext, ws: Workspace, stage: StageNode
) -> Mapping[dg.AssetKey, Mapping[str, Any]]:
    """Run the stage if DVC finds it out of date; its reports about assets through Pipes.

    Raises:
        Failure: It failed; with the exit code of ``dvc repro``.
    """
    ws.dvc.restore()
    pull = bool(ws.remotes) and ws.dvc.missing()
    with dg.open_pipes_session(
        context=context,
        context_injector=dg.PipesTempFileContextInjector(),
        message_reader=dg.PipesTempFileMessageReader(),
    ) as session:
        code = ws.dvc.run_stage(stage.address, pull=pull, env=session.get_bootstrap_env_vars())
        messages = Path(session.message_reader_params["path"])
        if not messages.stat().st_size:
            # Opened and closed for a stage that does not use Pipes, which Dagster calls a fault.
            said: dict[str, object] = {PIPES_PROTOCOL_VERSION_FIELD: PIPES_PROTOCOL_VERSION}
            lines = [{**said, "method": name, "params": {}} for name in ("opened", "closed")]
            messages.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    if code:
        raise dg.Failure(
            description=f"Stage {stage.address}: `dvc repro` ended with exit code {code}. "
            "Its own output is in this step's log (stdout, stderr).",
            metadata={"exit_code": code, "command": stage.cmd},
            allow_retries=False,
        )
    return {
        result.asset_key: dict(result.metadata or {})
        for result in session.get_reported_results()
        if isinstance(result, dg.MaterializeResult) and result.asset_key is not None
    }
