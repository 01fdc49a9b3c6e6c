"""Draws the diagrams of docs/concepts.md: ``python docs/diagrams.py``.

They have a background of their own and two colour schemes, so that they read well on light and
dark pages, and their text is text. Nothing but the geometry of boxes and arrows is here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

IMAGES = Path(__file__).resolve().parent / "images"
WIDTH = 620
_LINE = 21
_STYLE = """\
  <style>
    svg { --page: #ffffff; --ink: #1f2328; --soft: #59636e; --line: #59636e;
          --plain: #f6f8fa; --edge: #d1d9e0; --run: #ddf4ff; --run-edge: #54aeff;
          --safe: #dafbe1; --safe-edge: #4ac26b; --keep: #fff8c5; --keep-edge: #d4a72c; }
    @media (prefers-color-scheme: dark) {
      svg { --page: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --line: #9198a1;
            --plain: #151b23; --edge: #3d444d; --run: #0c2d6b; --run-edge: #388bfd;
            --safe: #033a16; --safe-edge: #2ea043; --keep: #3b2300; --keep-edge: #bb8009; }
    }
    text { font: 15px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--ink); }
    .title { font-weight: 600; }
    .soft { fill: var(--soft); font-size: 13.5px; }
    .page { fill: var(--page); }
    .box { stroke-width: 1.5; }
    .plain { fill: var(--plain); stroke: var(--edge); }
    .run { fill: var(--run); stroke: var(--run-edge); }
    .safe { fill: var(--safe); stroke: var(--safe-edge); }
    .keep { fill: var(--keep); stroke: var(--keep-edge); }
    .arrow { fill: none; stroke: var(--line); stroke-width: 1.8; marker-end: url(#head); }
    .head { fill: var(--line); }
  </style>
  <defs>
    <marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"
            orient="auto">
      <path class="head" d="M0 0 L10 5 L0 10 z"/>
    </marker>
  </defs>"""


def box(kind: str, place: tuple[int, int, int, int], title: str, lines: Sequence[str]) -> str:
    """A box at x, y with width and height: its title, and lines of text below it."""
    x, y, width, height = place
    texts = [f'<text class="title" x="{x + 14}" y="{y + 26}">{escape(title)}</text>']
    texts += [
        f'<text x="{x + 14}" y="{y + 26 + _LINE * number}">{escape(line)}</text>'
        for number, line in enumerate(lines, start=1)
    ]
    shape = f'<rect class="box {kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
    return "\n".join(f"  {part}" for part in (shape, *texts))


def arrow(path: str) -> str:
    """A line with a head at its end."""
    return f'  <path class="arrow" d="{path}"/>'


def note(x: int, y: int, text: str, anchor: str = "start") -> str:
    """A small text beside an arrow."""
    return f'  <text class="soft" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def picture(height: int, title: str, description: str, parts: Sequence[str]) -> str:
    """The whole file, with a title and a description for those who do not see it."""
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        ' aria-labelledby="title description">'
    )
    head = f'  <title id="title">{escape(title)}</title>'
    described = f'  <desc id="description">{escape(description)}</desc>'
    page = f'  <rect class="page" width="{WIDTH}" height="{height}" rx="10"/>'
    return "\n".join([opening, head, described, _STYLE, page, *parts, "</svg>", ""])


def change() -> str:
    """The way of a change, from an edit to its reader."""
    left, wide = 20, 380
    publishes = [
        "compares the digest with the reviewed one,",
        "pushes the objects, verifies each of them,",
        "writes the manifest, creates the tag.",
        "It runs no code of the repository.",
    ]
    steps: list[tuple[str, str, list[str]]] = [
        ("plain", "You", ["edit the data or params.yaml", "and open a pull request."]),
        ("run", "check", ["builds, validates and compares the data.", "It has no secret."]),
        ("run", "report", ["writes one comment, and a commit", "status with the digest."]),
        ("plain", "Reviewer", ["reads the report and merges."]),
        ("run", "build", ["runs the pipeline on the merged commit.", "It has no secret."]),
        ("safe", "publish", publishes),
        ("run", "announce", ["creates the GitHub Release and", "completes the comment."]),
        ("plain", "Readers", ['load "data-v4" by its name.']),
    ]
    parts: list[str] = []
    tops: dict[str, tuple[int, int]] = {}
    y = 20
    for kind, title, lines in steps:
        height = 42 + _LINE * len(lines)
        if tops:
            parts.append(arrow(f"M{left + wide // 2} {y - 28} V{y - 2}"))
        parts.append(box(kind, (left, y, wide, height), title, lines))
        tops[title] = (y, y + height)
        y += height + 30
    edge, right, narrow = left + wide, 440, 150
    begin, _ = tops["publish"]
    remote, git = begin - 66, begin + 54
    read, middle, top = (sum(tops[name]) // 2 for name in ("Readers", "Reviewer", "You"))
    back = right + 70
    halfway = (middle + top) // 2
    parts += [
        box("keep", (right, remote, narrow, 90), "Remote", ["objects,", "manifest, index"]),
        box("keep", (right, git, narrow, 90), "git (origin)", ["commit,", "tag data-v4"]),
        arrow(f"M{edge} {begin + 14} H420 V{remote + 50} H{right - 2}"),
        arrow(f"M{edge} {git + 50} H{right - 2}"),
        arrow(f"M{right + 75} {git + 90} V{read - 10} H{edge + 2}"),
        arrow(f"M{right + narrow} {remote + 50} H{right + narrow + 15} V{read + 10} H{edge + 2}"),
        arrow(f"M{edge} {middle} H{back} V{top} H{edge + 2}"),
        note(back + 8, halfway - 10, "verdict"),
        note(back + 8, halfway + 8, "block:"),
        note(back + 8, halfway + 26, "correct it"),
        note(left + wide // 2 + 12, tops["Reviewer"][1] + 20, "merge"),
    ]
    described = (
        "You open a pull request. The job check builds, validates and compares the data without a "
        "secret. The job report writes the comment and records the digest. A reviewer merges, or "
        "the verdict is block and you correct the data. The job build runs the pipeline again. The "
        "job publish compares the digest, pushes and verifies the objects on the remote, writes "
        "the manifest and creates the tag in git. The job announce creates the GitHub Release. "
        "Readers load the version by its name from git and the remote."
    )
    return picture(y - 10, "The way of a change", described, parts)


def version() -> str:
    """What a version is made of, and what names what."""
    left, right, wide = 20, 355, 245
    rows = (20, 165, 349, 554)
    middle, second = left + wide // 2, right + wide // 2
    parts = [
        box("plain", (left, rows[0], wide, 105), "Names and marks", [
            "channel: stable → data-v4", "withdrawn, erased", "(each is a tag of its own)",
        ]),
        box("safe", (left, rows[1], wide, 126), "Tag data-v4", [
            "digest of the data", "SHA-256 of the manifest", "baseline, verdict, review",
            "(in git; it never moves)",
        ]),
        box("plain", (right, rows[1], wide, 126), "Commit", [
            "code, params.yaml, schemas", "dvc.yaml, dvc.lock", "reports/: profiles", "(in git)",
        ]),
        box("keep", (left, rows[2], wide, 147), "Manifest", [
            "each file: path, size, MD5,", "SHA-256, name of its object", "rows, schema, inputs",
            "documents: report, profiles", "(on each remote)",
        ]),
        box("keep", (right, rows[2], wide, 126), "Objects", [
            "the bytes of each file,", "named by their hash,", "shared between versions",
            "(on each remote)",
        ]),
        box("plain", (left, rows[3], wide, 105), "Index and copies", [
            "releases/index.json", "releases/data-v4/…", "(on each remote, without git)",
        ]),
        arrow(f"M{middle} {rows[0] + 105} V{rows[1] - 2}"),
        note(middle + 12, rows[1] - 14, "refer to"),
        arrow(f"M{left + wide} {rows[1] + 74} H{right - 2}"),
        note(310, rows[1] + 64, "points at", "middle"),
        arrow(f"M{middle} {rows[1] + 126} V{rows[2] - 2}"),
        note(middle + 12, rows[2] - 25, "SHA-256"),
        arrow(f"M{second} {rows[1] + 126} V{rows[2] - 2}"),
        note(second + 12, rows[2] - 25, "MD5"),
        arrow(f"M{left + wide} {rows[2] + 74} H{right - 2}"),
        note(310, rows[2] + 64, "lists", "middle"),
        arrow(f"M{middle} {rows[3]} V{rows[2] + 149}"),
        note(middle + 12, rows[3] - 22, "lead to"),
    ]  # fmt: skip
    described = (
        "In git: the annotated tag data-v4 points at a commit and names the SHA-256 of the "
        "manifest; the commit holds code, parameters, schemas, dvc.lock and profiles. On each "
        "remote: the manifest lists each file with its hashes and its object, and the objects hold "
        "the bytes, which dvc.lock names as well. An index and readable copies on the remote lead "
        "to the manifest without git. Channels, withdrawals and erasures are tags of their own "
        "that refer to the tag."
    )
    return picture(rows[3] + 125, "The parts of a version", described, parts)


PICTURES = {"change.svg": change, "version.svg": version}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (IMAGES / name).write_text(draw(), encoding="utf-8")
