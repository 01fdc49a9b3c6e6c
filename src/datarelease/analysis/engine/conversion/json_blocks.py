"""JSON Lines read in blocks of whole lines, by Arrow's own reader and by Python's.

Arrow's reader parses a block at a time, and takes some texts for lines that are none; Python's
knows the number of each line, and what of it is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
from pyarrow import json as arrow_json

from datarelease.analysis.engine.conversion.compressed import opened_plain
from datarelease.analysis.engine.conversion.json_types import Number
from datarelease.analysis.engine.tables import UnreadableTable

_BLOCK = 8 << 20
"""Bytes read at a time."""
_LONGEST = 64 << 20
"""Bytes of a line, as of a line of CSV."""
_DEEPEST = 64
"""Lists and objects inside each other."""
_MARK = b"\xef\xbb\xbf"
_NO_NUMBERS = (b"NaN", b"Inf")
"""What Arrow's reader takes for numbers, and JSON does not have."""
_MOST_DIGITS = 1000


@dataclass
class Block:
    """Whole lines of a file."""

    label: str
    data: bytes
    first: int
    """The number of its first line in the file, from 1."""
    rows: int = field(init=False)
    """Lines that are not blank."""
    is_regular: bool = field(init=False)
    """Arrow's reader is to be asked: it sees the same lines, and no other kind of number."""

    def __post_init__(self) -> None:
        """Look at each line without parsing it.

        Raises:
            UnreadableTable: A line is not UTF-8, or nested too deep.
        """
        try:
            self.data.decode()
        except UnicodeDecodeError as error:
            line = self.first + self.data.count(b"\n", 0, error.start)
            raise UnreadableTable(self.label, f"not UTF-8 (line {line})") from None
        lines = self.data.split(b"\n")
        # A line that neither begins nor ends as an object does may be one of several of an object.
        bare = [line for line in map(bytes.strip, lines) if line]
        self.rows = len(bare)
        self.is_regular = all(line[:1] == b"{" and line[-1:] == b"}" for line in bare) and not any(
            text in self.data for text in _NO_NUMBERS
        )
        # As many as could be inside each other; a bracket in a text counts, which is checked below.
        if self.data.count(b"{") + self.data.count(b"[") > self.rows + _DEEPEST:
            for number, whole in enumerate(lines, self.first):
                if whole.count(b"{") + whole.count(b"[") > _DEEPEST and _depth(whole) > _DEEPEST:
                    what = f"line {number} has more than {_DEEPEST} lists and objects in each other"
                    raise UnreadableTable(self.label, what)

    def table(self, columns: Mapping[str, pa.DataType], *, strict: bool) -> pa.Table | None:
        """The rows as Arrow reads them, with these types; None: it refuses them."""
        if not self.is_regular:
            return None
        schema = pa.schema(list(columns.items()))
        options = arrow_json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="error" if strict else "infer"
        )
        try:
            found = arrow_json.read_json(
                BytesIO(self.data),
                read_options=arrow_json.ReadOptions(block_size=max(len(self.data) // 4, 1 << 20)),
                parse_options=options,
            )
            found.validate()  # pyarrow (26) builds lists of nothing but nulls too short
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        return found if found.num_rows == self.rows else None

    def objects(self) -> Iterator[dict[str, Any]]:
        """The rows as Python reads them.

        Raises:
            UnreadableTable: A line is not a JSON object, or has a field twice.
        """
        for number, line in enumerate(self.data.split(b"\n"), self.first):
            if line and not line.isspace():
                yield _object(self.label, number, line)


def _object(label: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(
            line,
            parse_float=_number,
            parse_int=_whole,
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_repeats,
        )
        if b"\\u" in line:  # half of a surrogate pair is no text
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise UnreadableTable(label, f"line {number} has a text that is not Unicode") from None
    except json.JSONDecodeError as error:
        reason = f"line {number} is not JSON: {error.msg.lower()} (column {error.colno})"
        raise UnreadableTable(label, reason) from None
    except ValueError as error:
        raise UnreadableTable(label, f"line {number} {error}") from None
    if not isinstance(found, dict):
        raise UnreadableTable(label, f"line {number} is not a JSON object")
    if "" in found:
        raise UnreadableTable(label, f"line {number} has a field without a name")
    return found


def _number(text: str) -> Number:
    number = Number(text)
    if abs(number) == float("inf"):
        raise ValueError("has a number that a float64 does not hold")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"has a number of more than {_MOST_DIGITS:,} digits")
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"is not JSON: {name} is not a number of JSON")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has the field {twice!r} twice in one object")
    return found


def _depth(line: bytes) -> int:
    """How many lists and objects are inside each other, brackets in texts left aside."""
    depth = deepest = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', line):
        if token[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in b"]}":
            depth -= 1
    return deepest


def read_blocks(path: Path, label: str) -> Iterator[Block]:
    """The lines of a file, some megabytes at a time.

    Raises:
        UnreadableTable: A line is longer than 64 MiB, or as `Block`.
    """
    with opened_plain(path, label) as file:
        rest, number = b"", 1
        data = file.read(_BLOCK)
        data = data.removeprefix(_MARK)
        while data:
            end = data.rfind(b"\n") + 1
            if not end and len(rest) + len(data) > _LONGEST:
                reason = f"line {number} is longer than {_LONGEST >> 20} MiB"
                raise UnreadableTable(label, reason)
            if end:
                whole = rest + data[:end]
                yield Block(label, whole, number)
                number += whole.count(b"\n")
                rest = b""
            rest += data[end:]
            data = file.read(_BLOCK)
        if rest.strip():
            yield Block(label, rest, number)
