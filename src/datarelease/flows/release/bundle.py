"""A checked work tree written into a bundle by the job without secrets, for the publisher."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.documents import encode
from datarelease.errors import ConfigError
from datarelease.flows.check.check import Checked
from datarelease.flows.check.clean import refuse_unclean
from datarelease.flows.check.reproduce import bring_outputs
from datarelease.flows.release.plan import products
from datarelease.flows.repository import Workspace
from datarelease.flows.transfer import send
from datarelease.flows.write_file import write
from datarelease.model.versions.outcome import (
    ASSESSMENTS,
    BUNDLE_FILE,
    SIZE_LIMIT,
    TREE_FOLDER,
    Bundle,
)
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Step


def make_absent(ws: Workspace) -> None:
    """Make the data of a current lock that is missing here, because it may not be pushed yet.

    A person who ran the pipeline and committed its lock may lack the right to write to the remotes.
    If the data cannot be made here either (its inputs are private, say), the publisher finds it.
    """
    if ws.dvc.stale_stages() or not ws.dvc.missing():
        return
    bring_outputs(ws)
    if ws.dvc.missing():
        ws.progress.say(
            "`dvc repro` runs the stages: dvc.lock is up to date, but its data is not available"
        )
        with ws.progress.step(Step.REPRODUCE):
            made = ws.dvc.repro(inputs="made")
        if not made:
            ws.progress.say(
                "the stages could not make the data; the job that publishes needs it on a remote"
            )
            # Output of a failed stage would be taken for its data.
            ws.dvc.reset()


def write_bundle(
    ws: Workspace,
    checked: Checked,
    target: Path,
    report: Mapping[str, bytes],
    *,
    staging: Store | None,
) -> Bundle:
    """Write what a publisher needs of ``checked`` into the directory ``target``.

    Objects that the newest version already has on the remotes stay out. With ``staging`` the
    others go to that remote, else into the bundle, laid out as on a remote.

    Raises:
        ConfigError: Uncommitted edits, something in the way, or too much data for a bundle.
        WorldError: The staging remote failed.
    """
    refuse_unclean(ws, checked.changed)
    if target.exists() and any(target.iterdir()):
        raise ConfigError(
            f"{target} exists and is not empty.",
            untouched="Nothing was written there.",
            remedy="Name a new directory.",
        )
    files = {path: data for path, data in products(ws, checked.changed).items() if data is not None}
    carried = _carried(ws, checked)
    if staging is None:
        _refuse_too_large(ws, carried)
    bundle = Bundle(
        commit=checked.head or ws.head(),
        digest=checked.snapshot.digest,
        staging=staging.name if staging else None,
        tree=tuple(sorted(files)),
    )
    documented = dict(report)
    documented |= {f"{TREE_FOLDER}/{path}": data for path, data in files.items()}
    for dataset in ws.settings.datasets:
        for name, data in checked.assessments[dataset.name].documents(dataset).items():
            documented[f"{ASSESSMENTS}/{name}"] = data
    for name, data in {**documented, BUNDLE_FILE: encode(bundle).encode()}.items():
        write(target / name, data)
    carrier = staging or DirectoryStore("bundle", target)
    there = carrier.stat([object_key(md5) for md5 in carried])
    send(ws, carrier, [md5 for md5 in carried if object_key(md5) not in there])
    where = staging.name if staging else target
    are = agreeing(len(carried), "is", "are")
    ws.progress.say(f"{plural(len(carried), 'object')} of the bundle {are} in {where}")
    return bundle


# --- inside


def _carried(ws: Workspace, checked: Checked) -> tuple[str, ...]:
    """Hashes of the objects that the remotes may lack.

    What is not available was not made by this build: it was known by its hash before, and the
    publisher, who can read the remotes, finds it there or says what is missing.
    """
    base = checked.baseline.snapshot.datasets if checked.baseline else ()
    held = {*ws.objects.expanded(entry.md5 for dataset in base for entry in dataset.entries)}
    for dataset in ws.settings.datasets:
        content = checked.snapshot.get(dataset.name)
        for entry in content.entries if content else ():
            if not entry.is_tree or ws.objects.has(entry.md5):
                ws.adopt(dataset, ws.objects.files(entry))
    entries = (entry.md5 for content in checked.snapshot.datasets for entry in content.entries)
    used = ws.objects.expanded((*entries, *ws.dvc.hashes()))
    return tuple(md5 for md5 in used if md5 not in held and ws.objects.has(md5))


def _refuse_too_large(ws: Workspace, hashes: tuple[str, ...]) -> None:
    total = sum(ws.objects.path(md5).stat().st_size for md5 in hashes)
    if total > SIZE_LIMIT:
        raise ConfigError(
            f"The new data has {total / 1e9:.1f} GB, which is too much for an artifact between "
            f"two jobs (at most {SIZE_LIMIT / 1e9:.0f} GB).",
            untouched="Nothing was written, pushed or tagged.",
            remedy=(
                "Use a staging remote: `release.staging: NAME` in params.yaml "
                "(docs/remotes.md describes it)."
            ),
        )
