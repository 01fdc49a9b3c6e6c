"""Makes data/labels.csv: a row for each picture, with its label and the set that it belongs to.

The label is the folder of the picture, unless corrections.csv says otherwise. A correction of a
picture that is not there stops the pipeline: no rule about one dataset could see that.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

import yaml


def main() -> None:
    """Write the table of labels."""
    share = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["label"]["test_share"]
    folder = Path("data/images")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    with Path("corrections.csv").open(newline="", encoding="utf-8") as stream:
        corrections = {row["file"]: row["label"] for row in csv.DictReader(stream)}
    unknown = sorted(corrections.keys() - set(files))
    if unknown:
        sys.exit(f"corrections.csv names pictures that are not in {folder}: {', '.join(unknown)}")
    with Path("data/labels.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "label", "part"))
        for file in files:
            label = corrections.get(file, file.partition("/")[0])
            writer.writerow((file, label, "test" if place(file) < share else "train"))


def place(file: str) -> float:
    """Between 0 and 1, by the name alone: a picture stays in its set when others are added."""
    return int(hashlib.sha256(file.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF


if __name__ == "__main__":
    main()
