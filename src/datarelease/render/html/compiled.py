"""Templates as Python's bytecode, kept where Python keeps that of this package.

Compiling the templates of a report takes a tenth of a second. Whoever can write where they are kept
can write the package itself, too.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import jinja2.compiler
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

KEPT_IN = Path(importlib.util.cache_from_source(__file__)).parent
_DIGEST = hashlib.sha256().digest_size


class CompiledTemplates(BytecodeCache):
    """Bytecode of templates, which is used while what it was made of is unchanged."""

    def __init__(self, sources: Sequence[Path], folder: Path = KEPT_IN) -> None:
        """``sources`` are the files of code that templates may call while they are compiled."""
        self._sources = (*sources, Path(jinja2.compiler.__file__))
        self._folder = folder

    @cached_property
    def _code(self) -> bytes:
        """What tells whether that code is the same: as Python does, by time and size."""
        stats = ((path, path.stat()) for path in self._sources)
        told = [f"{path} {stat.st_mtime_ns} {stat.st_size}" for path, stat in stats]
        return importlib.util.MAGIC_NUMBER + "\n".join(told).encode()

    def get_source_checksum(self, source: str) -> str:
        """What the bytecode of a template is made of."""
        return hashlib.sha256(self._code + source.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the bytecode if it is there, whole, and made of the same."""
        with suppress(OSError):
            kept = self._place(bucket).read_bytes()
            if kept[:_DIGEST] == _digest(bucket, kept[_DIGEST:]):
                bucket.code = marshal.loads(kept[_DIGEST:])  # noqa: S302 - as Python loads modules

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the bytecode, where Python would keep that of modules."""
        if sys.dont_write_bytecode:
            return
        body = marshal.dumps(bucket.code)
        with suppress(OSError):  # a folder of somebody else: it is compiled each time
            self._folder.mkdir(exist_ok=True)
            scratch = self._place(bucket).with_suffix(f".{os.getpid()}")
            scratch.write_bytes(_digest(bucket, body) + body)
            scratch.replace(self._place(bucket))

    def _place(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.{sys.implementation.cache_tag}.template"


def _digest(bucket: Bucket, body: bytes) -> bytes:
    return hashlib.sha256(bucket.checksum.encode() + body).digest()
