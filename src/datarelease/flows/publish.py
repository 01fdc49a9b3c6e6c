"""The release as a workflow makes it: the review looked up, and how it ended recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from datarelease.documents import encode
from datarelease.errors import BlockedError, ConflictError, DatareleaseError
from datarelease.flows.catalogue import read_catalogue
from datarelease.flows.check import Checked
from datarelease.flows.claim import Documents
from datarelease.flows.documents import fetch_documents
from datarelease.flows.local_files import write
from datarelease.flows.release import release
from datarelease.flows.review import Review
from datarelease.flows.workspace import Workspace
from datarelease.model.outcome import FILE, Outcome, State
from datarelease.model.release import Nothing, Released
from datarelease.model.report import Report
from datarelease.model.version import Version


@dataclass(kw_only=True)
class Publisher:
    """One release, its review and its record."""

    ws: Workspace
    checking: Callable[[Workspace], Checked]
    review: Callable[[], Review | None]
    """Asks what was reviewed; None: there is nobody to ask."""
    documents: Documents
    on_report: Callable[[Report], None]
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
                reviewed=self._review.digest if self._review else None,
                documents=self.documents,
                on_report=self._seen,
                checking=self.checking,
            )
            if self.out is not None:
                self._record_result(result, self.out)
        except DatareleaseError as error:
            if self.out is not None:
                self._record(self.out, self._state(error), error=error)
            raise
        return result

    def _seen(self, report: Report) -> None:
        self._report = report
        self.on_report(report)

    def _state(self, error: DatareleaseError) -> State:
        if isinstance(error, BlockedError):
            return "blocked"
        if isinstance(error, ConflictError):
            if self._review is not None and self._review.digest is not None:
                return "conflict"
            if self.ws.settings.require_review:
                return "unreviewed"
        return "failed"

    def _record_result(self, result: Released | Nothing, out: Path) -> None:
        tag = result.manifest.tag if isinstance(result, Released) else result.tag
        version = read_catalogue(self.ws.git, self.ws.tags).find(tag) if tag else None
        if version is not None:
            fetch_documents(self.ws, version, out)
        # A run that was stopped after its tag, and repeated, finds nothing left to release.
        ours = isinstance(result, Released) or (version is not None and self._made_here(version))
        reason = "" if isinstance(result, Released) else result.reason
        self._record(out, "released" if ours else "nothing", version=version, what=reason)

    def _made_here(self, version: Version) -> bool:
        git, head = self.ws.git, self.ws.head()
        return head in {version.commit, git.resolve(f"{version.commit}^")}

    def _record(
        self,
        out: Path,
        state: State,
        *,
        version: Version | None = None,
        what: str = "",
        error: DatareleaseError | None = None,
    ) -> None:
        report, review = self._report, self._review
        outcome = Outcome(
            state=state,
            tag=version.tag if version else None,
            number=version.number if version else None,
            digest=report.digest if report else None,
            reviewed=review.digest if review else None,
            pull=review.pull.number if review and review.pull else None,
            commit=self.ws.head(),
            what=error.what if error else what,
            untouched=error.untouched if error else "",
            remedy=error.remedy if error else "",
            report=report,
        )
        write(out / FILE, encode(outcome).encode())
