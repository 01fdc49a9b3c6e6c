"""The page of the tags of git and of their trailers."""

from __future__ import annotations

from generators.markdown import ROOT, block, code, page, table

_GOLDEN = "tests/golden/versions"
TAGS = {
    "data-vN": "Version N. The tag is annotated, points at the commit with the lock file of the "
    "data, and is made only after every object was found on every remote.",
    "data-vN-yanked": "Version N is withdrawn. `datarelease unyank` removes the tag.",
    "data-vN-erased": "The data of version N was erased permanently.",
    "data-channel-NAME-K": "Move K of the channel NAME. The highest K counts.",
}
"""With the default tag prefix."""
VERSION_TRAILERS = {
    "Digest": "The digest of the data: a SHA-256 over the names, sizes and hashes of its files.",
    "Manifest-Sha256": "The SHA-256 of the manifest, which is its name on each remote.",
    "Rows": "The number of rows of each table: `NAME=ROWS`, separated by blanks.",
    "Files": "The number of files of each dataset of files: `NAME=FILES`, separated by blanks.",
    "Baseline": "The version that the data was compared with. Absent on the first version.",
    "Rollback-Of": "The version whose data this one has again. Absent if it is no rollback.",
    "Compatibility": "The kind of change: `identical`, `patch`, `additive` or `breaking`.",
    "Verdict": "The verdict of the check: `pass` or `warn`.",
    "Reviewed": "The digest that was reviewed. Absent if nobody reviewed it.",
    "Remotes": "The names of the remotes that had every object, separated by blanks.",
    "Renamed": "Datasets with another name than before: `NEW=OLD`, separated by blanks.",
    "Retired": "Datasets that were retired, separated by blanks.",
}
"""What the trailers of a version's tag say."""
OTHER_TRAILERS = {
    "Reason": "Why: of a withdrawal, an erasure or a move of a channel.",
    "Replacement": "The version to use instead of a withdrawn one.",
    "Version": "The version that a channel was set to.",
    "By": "Who asked for it, where a workflow made the tag: an account, or a pull request.",
}
"""Those of other tags."""


def tag_page() -> str:
    """The page."""
    shown = {name: (ROOT / _GOLDEN / name).read_text(encoding="utf-8") for name in (
        "data-v2/tag.txt", "yank.tag.txt", "channel.tag.txt",
    )}  # fmt: skip
    return page(
        "Tags and trailers", "format tags",
        "Versions, withdrawals, erasures and channels are annotated git tags; they are the only "
        "record of which versions exist. A message ends with trailers (`Key: value`, as in "
        "`git interpret-trailers`), which a program can read.",
        table(("tag", "meaning"), [(code(name), text) for name, text in TAGS.items()]),
        "`data-v` is the default of [`release.tag_prefix`](../../settings.md). N and K are whole "
        "numbers from 1 on, without leading zeros. The prefix without its last `v` begins the tags "
        "of channels.",
        "## Trailers of a version",
        table(("trailer", "meaning"), [(code(k), v) for k, v in VERSION_TRAILERS.items()]),
        "## Trailers of other tags",
        table(("trailer", "meaning"), [(code(k), v) for k, v in OTHER_TRAILERS.items()]),
        "## Examples", *(block("text", text) for text in shown.values()),
    )  # fmt: skip
