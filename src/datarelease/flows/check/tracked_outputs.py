"""What DVC tracks in the work tree: the datasets, and whatever else ``dvc pull`` wants."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from datarelease.adapters.dvc.index import IndexedOutput
from datarelease.adapters.dvc.tracked import Output
from datarelease.errors import ConfigError, Problem, SettingsError, WorldError
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.dataset_at import snapshot
from datarelease.model.data.dataset import Dataset
from datarelease.model.paths import overlap, within
from datarelease.model.versions.manifest import ManifestDataset, TrackedFile, TrackedOutput
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import TREE, DataFile, Snapshot

_SHOWN = 10


def work_tree_snapshot(ws: Workspace) -> Snapshot:
    """What DVC tracks for each dataset, each of which can be released.

    Raises:
        SettingsError: A dataset that DVC does not track, or sends nowhere; an output on a remote
            that is not configured. All of them at once.
        WorldError: A listing is needed that is not available.
    """
    indexed = {out.path: out for out in ws.dvc.outputs()}
    problems = [
        problem
        for dataset in ws.settings.datasets
        for problem in (
            *unpushed(dataset, indexed.values()),
            *_left_out(dataset, indexed.values()),
        )
    ]
    problems += _unknown_remotes(ws, indexed.values())
    if problems:
        raise SettingsError(problems)
    # DVC expands what a dvc.yaml says of an output by a template.
    now = [_as_indexed(ws, out, indexed) for out in ws.tracked.outputs]
    return snapshot(ws.settings.datasets, now, ws.objects)


def unpushed(dataset: Dataset, outputs: Iterable[Output]) -> list[Problem]:
    """Why a dataset cannot be released whose outputs DVC sends to no remote."""
    where = f"{dataset.where}.path"
    what = (
        "so it is never pushed, but a version must be on the remotes: remove that line to release "
        "it, or give the entry another `type`"
    )
    return [
        Problem(where=where, what=f"{out.path!r} has `push: false` ({out.source}), {what}")
        for out in outputs
        if not out.pushed and overlap(out.path, dataset.path)
    ]


def tracked_beside(
    ws: Workspace,
    datasets: Sequence[ManifestDataset],
    commit: str,
    known: Mapping[str, int],
) -> tuple[TrackedOutput, ...]:
    """The outputs of ``commit`` that are not part of a dataset, as a manifest lists them.

    The work tree is that of ``commit``. ``known`` are sizes of objects (by hash) that an earlier
    manifest lists; they are not read again.

    Raises:
        ConfigError: An output was hashed by DVC 2, or is on a remote without objects.
        WorldError: Something is neither available nor on a remote; it is named.
    """
    committed = set(ws.git.files(commit))
    outs = [
        out
        for out in ws.dvc.outputs()
        if out.source in committed
        and not any(within(out.path, dataset.path) for dataset in datasets)
        and (out.md5 is not None or out.imported)
    ]
    _refuse_legacy(outs)
    _say_what_stays_away(ws, outs)
    listings = {str(out.md5): out.path for out in outs if out.kept and _is_tree(out)}
    there = ws.objects.sizes(listings)
    lost = {md5: path for md5, path in listings.items() if md5 not in there}
    parts = [_part(ws, out, datasets) for out in outs if out.md5 not in lost]
    sizes = _sizes(ws, parts, known, lost)
    return tuple(_listed(part, sizes) for part in parts)


# --- inside


@dataclass(frozen=True, kw_only=True)
class _Part:
    """An output with the files that no dataset lists."""

    out: IndexedOutput
    remote: str | None
    files: tuple[DataFile, ...] = ()


def _part(ws: Workspace, out: IndexedOutput, datasets: Sequence[ManifestDataset]) -> _Part:
    return _Part(
        out=out,
        remote=ws.named(out.remote).name if out.remote and out.kept else None,
        files=_beside(ws, out, datasets) if out.kept and _is_tree(out) else (),
    )


def _beside(
    ws: Workspace, out: IndexedOutput, datasets: Sequence[ManifestDataset]
) -> tuple[DataFile, ...]:
    inside = [dataset.path.removeprefix(f"{out.path}/") for dataset in datasets]
    return tuple(
        file
        for file in ws.objects.tree(str(out.md5))
        if not any(within(file.path, path) for path in inside)
    )


def _sizes(
    ws: Workspace, parts: Sequence[_Part], known: Mapping[str, int], lost: Mapping[str, str]
) -> dict[str, int]:
    """Bytes of every object that remotes keep; what is available and new is read, to prove it.

    ``lost`` are paths of listings, by hash, that nobody has.
    """
    names: dict[str, str] = {}
    recorded: dict[str, int] = {}
    for part in (part for part in parts if part.out.kept):
        names[str(part.out.md5)] = part.out.path
        names |= {file.md5: f"{part.out.path}/{file.path}" for file in part.files}
        if part.out.size is not None and not _is_tree(part.out):
            recorded[str(part.out.md5)] = part.out.size
    new = [md5 for md5 in names if md5 not in known]
    _take_from_work_tree(ws, parts, set(new))
    at_hand = [md5 for md5 in new if ws.objects.has(md5)]
    _prove(ws, at_hand)
    sizes = ws.objects.sizes(new)
    lost = {**lost, **{md5: names[md5] for md5 in new if md5 not in sizes}}
    if lost:
        raise _not_at_hand(ws, lost)
    away = {md5: size for md5, size in recorded.items() if md5 in sizes and md5 not in at_hand}
    return {md5: known[md5] for md5 in names if md5 in known} | sizes | away


def _prove(ws: Workspace, hashes: Sequence[str]) -> None:
    """Fails where the cache has other bytes than a name says: they would be pushed."""
    label = "Hashing the other tracked outputs"
    with ws.progress.track(label, len(hashes), "files") as advance:
        ws.objects.prove_all(hashes, advance)


def _take_from_work_tree(ws: Workspace, parts: Sequence[_Part], new: set[str]) -> None:
    for part in parts:
        place = ws.root / part.out.path
        if part.files:
            ws.objects.adopt([file for file in part.files if file.md5 in new], place)
        elif part.out.kept and str(part.out.md5) in new and not _is_tree(part.out):
            ws.objects.adopt([DataFile(path=place.name, md5=str(part.out.md5))], place.parent)


def _listed(part: _Part, sizes: Mapping[str, int]) -> TrackedOutput:
    out = part.out
    return TrackedOutput(
        path=out.path,
        md5=out.md5,
        size=sizes[str(out.md5)] if out.kept else None,
        kept_by="remotes" if out.kept else "source" if out.imported else "nobody",
        remote=part.remote,
        files=tuple(
            TrackedFile(path=f.path, size=sizes[f.md5], md5=f.md5, key=object_key(f.md5))
            for f in sorted(part.files, key=lambda f: f.path)
        ),
    )


def _say_what_stays_away(ws: Workspace, outs: Iterable[IndexedOutput]) -> None:
    for out in outs:
        if out.imported:
            ws.progress.say(
                f"{out.path} is imported, so it is not released; `dvc pull` fetches it from its "
                "source"
            )
        elif not out.pushed:
            ws.progress.say(
                f"{out.path} has `push: false`, so it is not released, and `dvc pull` of the "
                "version cannot fetch it"
            )


def _not_at_hand(ws: Workspace, lost: Mapping[str, str]) -> WorldError:
    where = ", ".join(remote.name for remote in (*ws.objects.remotes, *ws.objects.bound()))
    lines = [f"  {path} ({object_key(md5)})" for md5, path in sorted(lost.items())[:_SHOWN]]
    lines += [f"  … and {len(lost) - _SHOWN:,} more"] if len(lost) > _SHOWN else []
    listed = "\n".join(lines)
    return WorldError(
        f"DVC tracks data that is neither in its cache nor on a remote ({where}), so `dvc pull` "
        f"of the version would fail:\n{listed}",
        untouched="Nothing was pushed or tagged.",
        remedy=(
            "Push it from a clone that has it (`dvc push`), then run the command again. For data "
            "that is lost, use `dvc remove`; for data that stays local, set `push: false`."
        ),
    )


def _refuse_legacy(outs: Iterable[IndexedOutput]) -> None:
    old = [out for out in outs if out.legacy and out.kept]
    if old:
        raise ConfigError(
            f"DVC 2 hashed {', '.join(out.path for out in old[:_SHOWN])}"
            f"{', …' if len(old) > _SHOWN else ''}, and its objects cannot be verified.",
            untouched="Nothing was pushed or tagged.",
            remedy="Run `dvc pull`, then `dvc cache migrate --dvc-files`, commit the changed "
            "files, and run the command again.",
        )


def _left_out(dataset: Dataset, outs: Iterable[IndexedOutput]) -> list[Problem]:
    """Parts of a dataset of several outputs that would be missing from the version."""
    reasons = {
        out.path: "was hashed by DVC 2: run `dvc cache migrate --dvc-files`"
        if out.legacy and out.md5
        else "was imported and never downloaded: run `dvc update`"
        for out in outs
        if out.path.startswith(f"{dataset.path}/")
        and ((out.legacy and out.md5) or (out.md5 is None and out.imported))
    }
    where = f"{dataset.where}.path"
    return [
        Problem(where=where, what=f"its part {path!r} {what}") for path, what in reasons.items()
    ]


def _unknown_remotes(ws: Workspace, outs: Iterable[IndexedOutput]) -> list[Problem]:
    named: dict[str, IndexedOutput] = {}
    for out in outs:
        if out.remote and out.kept:
            named.setdefault(out.remote, out)
    problems = []
    for name, out in named.items():
        try:
            ws.named(name)
        except ConfigError as error:
            what = f"{out.path!r} names `remote: {name}`, which cannot be used: {error.what}"
            problems.append(Problem(where=out.source, what=what))
    return problems


def _as_indexed(ws: Workspace, out: Output, indexed: Mapping[str, IndexedOutput]) -> Output:
    found = indexed.get(out.path)
    name = found.remote if found is not None else out.remote
    return dataclasses.replace(out, remote=ws.named(name).name if name else None)


def _is_tree(out: Output) -> bool:
    return str(out.md5).endswith(TREE)
