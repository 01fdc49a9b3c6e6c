"""The release as a workflow makes it: the review looked up, and how it ended recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datarelease.documents import encode
from datarelease.errors import BlockedError, ConflictError, DatareleaseError
from datarelease.flows.catalogue import read_catalogue
from datarelease.flows.release.preview import preview
from datarelease.flows.release.record import Documents
from datarelease.flows.release.release import Checking, OnReport, release
from datarelease.flows.release.review import Review
from datarelease.flows.release.tag import attempt
from datarelease.flows.versions.documents import fetch_documents, write_documents
from datarelease.flows.workspace import Workspace
from datarelease.flows.write_file import write
from datarelease.model.review.report import Report
from datarelease.model.versions.manifest import MANIFEST
from datarelease.model.versions.outcome import OUTCOME_FILE, Outcome, OutcomeState
from datarelease.model.versions.release import Nothing, Released, ReleasePlan
from datarelease.model.versions.version import Version


@dataclass(kw_only=True)
class Publisher:
    """One release, its review and its record."""

    ws: Workspace
    checking: Checking
    review: Callable[[], Review | None]
    """Looks up what was reviewed; None: there is no review to look up."""
    documents: Documents
    on_report: OnReport
    branch: str | None
    """To release from; None: the git remote's default branch."""
    out: Path | None
    """Where the record goes: ``outcome.json``, and the documents of the version. None: nowhere."""
    _report: Report | None = field(default=None, init=False)
    _review: Review | None = field(default=None, init=False)

    def run(self) -> Released | Nothing:
        """Release, and record how it ended, also where it fails.

        Raises:
            DatareleaseError: As ``release``.
        """
        try:
            self._review = self.review()
            if self._review is not None:
                self.ws.progress.say(self._review.said)
            result = release(
                self.ws,
                reviewed=self._review.digests if self._review else (),
                documents=self.documents,
                on_report=self._seen,
                checking=self.checking,
                branch=self.branch,
            )
        except DatareleaseError as error:
            if self.out is not None:
                self._record(self.out, self._state(error), error=error)
            raise
        return self._recorded(result, self.out) if self.out is not None else result

    def plan(self) -> tuple[ReleasePlan, DatareleaseError | None]:
        """What ``run`` would do, and the error with which it would end; nothing is done.

        Raises:
            DatareleaseError: As ``preview``.
        """
        review = self.review()
        digests = review.digests if review else ()
        return preview(self.ws, reviewed=digests, branch=self.branch)

    def _seen(self, report: Report, files: Mapping[str, bytes]) -> None:
        self._report = report
        self.on_report(report, files)

    def _state(self, error: DatareleaseError) -> OutcomeState:
        if isinstance(error, BlockedError):
            return "blocked"
        if isinstance(error, ConflictError):
            if self._review is not None and self._review.digests:
                return "conflict"
            if self.ws.settings.require_review:
                return "unreviewed"
        return "failed"

    def _recorded(self, result: Released | Nothing, out: Path) -> Released | Nothing:
        """The result; a record that was not written is a warning: the version exists."""
        steps: tuple[Callable[[], None], ...] = (
            lambda: self._write_documents(result, out),
            lambda: self._record_result(result, out),
        )
        failed = [
            attempt(
                self.ws,
                step,
                failed=f"The record of the release in {out} is incomplete",
                remedy="Run the release again: it writes the record.",
            )
            for step in steps
        ]
        warnings = (*result.warnings, *(warning for warning in failed if warning))
        return dataclasses.replace(result, warnings=warnings)

    def _write_documents(self, result: Released | Nothing, out: Path) -> None:
        if isinstance(result, Released):
            recorded = result.recorded
            write_documents({MANIFEST: recorded.document, **recorded.documents}, out)
        elif result.tag is not None:
            version = read_catalogue(self.ws.git, self.ws.tags).find(result.tag)
            fetch_documents(self.ws, version, out)

    def _record_result(self, result: Released | Nothing, out: Path) -> None:
        if isinstance(result, Released):
            tag, number = result.manifest.tag, result.manifest.number
            self._record(out, "released", tag=tag, number=number)
            return
        catalogue = read_catalogue(self.ws.git, self.ws.tags)
        version = catalogue.find(result.tag) if result.tag else None
        # A run that was stopped after its tag, and repeated, finds nothing left to release.
        ours = version is not None and self._made_here(version)
        self._record(
            out,
            "released" if ours else "nothing",
            tag=version.tag if version else None,
            number=version.number if version else None,
            what=result.reason,
        )

    def _made_here(self, version: Version) -> bool:
        git, head = self.ws.git, self.ws.head()
        return head in {version.commit, git.resolve(f"{version.commit}^")}

    def _record(
        self,
        out: Path,
        state: OutcomeState,
        *,
        tag: str | None = None,
        number: int | None = None,
        what: str = "",
        error: DatareleaseError | None = None,
    ) -> None:
        report, review = self._report, self._review or Review()
        digest = report.digest if report else None
        pulls = review.numbers(digest)
        outcome = Outcome(
            state=state,
            tag=tag,
            number=number,
            digest=digest,
            reviewed=review.of(digest),
            pull=pulls[0] if pulls else None,
            others=pulls[1:],
            commit=self.ws.head(),
            what=error.what if error else what,
            untouched=error.untouched if error else "",
            remedy=error.remedy if error else "",
            report=report,
        )
        write(out / OUTCOME_FILE, encode(outcome).encode())
