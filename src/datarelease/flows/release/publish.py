"""The release as a workflow makes it: the review looked up, and how it ended recorded.

From the commit that is released a review leads back to pull requests and their statuses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.documents import encode
from datarelease.errors import BlockedError, ConflictError, DatareleaseError
from datarelease.flows.catalogue import read_catalogue
from datarelease.flows.release.preview import preview
from datarelease.flows.release.release import Checking, Documents, OnReport, release
from datarelease.flows.release.tag import attempt
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.channels import apply_channels
from datarelease.flows.versions.documents import fetch_documents, write_documents
from datarelease.flows.write_file import write
from datarelease.model.github import Push
from datarelease.model.review.report import Report
from datarelease.model.review.reviewed_digest import context_of, reviewed_digest
from datarelease.model.versions.attestation import PREDICATE_FILE, predicate_file
from datarelease.model.versions.outcome import OUTCOME_FILE, Outcome, OutcomeState
from datarelease.model.versions.release import Nothing, Released, ReleasePlan
from datarelease.model.versions.remote_keys import MANIFEST
from datarelease.model.versions.version import Version

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub


@dataclass(frozen=True, kw_only=True)
class ReviewedPull:
    """A pull request that the released commit came by."""

    number: int
    digest: str | None
    """Of the data that its reviewer saw; None: of none."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """What is known of a commit's review."""

    pulls: tuple[ReviewedPull, ...] = ()
    """It came by these pull requests, newest first; several by one push of a merge queue."""
    own: str | None = None
    """Digest on the commit itself, which was the head of a pull request that was checked."""
    queued: str | None = None
    """Digest that the check of a merge queue found for the commit: what its group of reviewed
    changes gives together."""
    accepted: str | None = None
    """Digest that somebody named by hand, for this release."""

    @property
    def digests(self) -> tuple[str, ...]:
        """Of the data that was reviewed, each once: what is released is one of these."""
        if self.accepted:
            return (self.accepted,)
        seen = (self.own, self.queued, *(pull.digest for pull in self.pulls))
        return tuple(dict.fromkeys(digest for digest in seen if digest))

    def of(self, digest: str | None) -> str | None:
        """The reviewed digest to compare ``digest`` with: itself if a reviewer saw it."""
        return digest if digest in self.digests else next(iter(self.digests), None)

    def numbers(self, digest: str | None) -> tuple[int, ...]:
        """The pull requests; first the one in which ``digest`` was reviewed, if any."""
        ordered = sorted(self.pulls, key=lambda pull: digest is None or pull.digest != digest)
        return tuple(pull.number for pull in ordered)

    @property
    def said(self) -> str:
        """The same in words."""
        if self.accepted:
            return f"the digest {self.accepted} was accepted by hand"
        queue = f"the merge queue checked the digest {self.queued}; " if self.queued else ""
        reviewed = [f"{p.digest} (pull request #{p.number})" for p in self.pulls if p.digest]
        if reviewed:
            return f"{queue}the reviewed digest is {', or '.join(reviewed)}"
        if self.own:
            return f"the reviewed digest is {self.own}, recorded at this commit"
        if not self.pulls:
            return f"{queue}no review is recorded: the commit belongs to no pull request"
        numbers = ", ".join(f"#{pull.number}" for pull in self.pulls)
        return f"{queue}no review is recorded: pull request {numbers} has no report"


def find_review(github: GitHub, push: Push) -> Review:
    """The reviews of the changes that ``push`` brought to the default branch.

    The status of the released commit itself is read first, then those of the pull requests. A
    merge queue's check wrote it: each change of the group was approved, the group as a whole was
    checked by the same rules, and it is what the queue merged.
    """
    here = github.statuses(push.head)
    context = context_of(github.directory)
    pulls = github.merged_pulls(push)
    return Review(
        pulls=tuple(
            ReviewedPull(
                number=pull.number,
                digest=reviewed_digest(github.statuses(pull.head), bot=github.bot, context=context),
            )
            for pull in pulls
        ),
        own=reviewed_digest(here, bot=github.bot, context=context),
        queued=reviewed_digest(here, bot=github.bot, context=context, queued=True),
    )


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
    github: str | None = None
    """The repository ``owner/name`` on GitHub, whose workflow attests the version."""
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
        pulls = self._review.numbers(None) if self._review else ()
        by = f"pull request #{pulls[0]}" if pulls else None
        unset = apply_channels(
            self.ws, self.ws.settings.channels, by=by, in_workflow=self.github is not None
        )
        result = dataclasses.replace(result, warnings=(*result.warnings, *unset))
        return self._recorded(result, self.out) if self.out is not None else result

    def plan(self) -> tuple[ReleasePlan, DatareleaseError | None]:
        """What ``run`` would do, and the error with which it would end; nothing is done."""
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
            attested = (
                {PREDICATE_FILE: predicate_file(recorded.manifest, self.github)}
                if self.github is not None
                else {}
            )
            documents = {MANIFEST: recorded.document, **recorded.documents, **attested}
            write_documents(documents, out)
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
            site=self.ws.settings.site,
            notify=self.ws.settings.notify,
        )
        write(out / OUTCOME_FILE, encode(outcome).encode())
