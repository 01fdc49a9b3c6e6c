"""Imports inside functions: at marked seams alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.tools.code_figures import inner_imports

PACKAGE = Path(__file__).parents[3] / "src" / "datarelease"
SEAMS = {
    "adapters/dvc/private.py": "the commands of DVC for metrics are needed by `init` alone",
    "adapters/dvc/stages.py": "s3fs is an optional part",
    "adapters/github/connection.py": "PyGithub is an optional part",
    "adapters/process.py": "psutil: only where a program takes long, or is killed",
    "adapters/object_cache.py": "filelock brings asyncio: only where something is fetched",
    "adapters/store/address.py": "requests and asyncio: only for addresses of that kind",
    "adapters/store/connection.py": "aiobotocore is an optional part",
    "analysis/comparison/compare.py": "Narwhals: only where a column has another type",
    "analysis/files/pictures.py": "Pillow is an optional part",
    "app/copy_version.py": "what makes metadata looks into files, for which readers have no part",
    "app/github.py": "loads PyGithub: only for commands that talk to GitHub",
    "analysis/engine/conversion/compressed.py": "pyarrow: a release reads plain text's delimiter",
    "app/reports.py": "pandas takes half a second: only for rows as a data frame",
    "analysis/engine/lazy/open.py": "pyarrow and DuckDB: whichever is asked for",
    "readers/tables.py": "pyarrow is an optional part, and DuckDB not needed for addresses",
    "app/version_list.py": "pandas takes half a second: only for `to_frame`",
    "app/catalogue.py": "OpenSSL and the user's cache: only for repositories elsewhere",
    "app/repository.py": "DVC is an optional part",
    "app/wiring.py": "DuckDB: only where tables are read, and not where records are used",
    "cli/list_command.py": "Rich and Pydantic: only for a terminal, and for addresses",
    "cli/plain_output.py": "rich: only for characters of two columns",
    "settings/reading.py": "Pydantic: only where settings need a closer look",
    "cli/__init__.py": "what errors and optional parts need; `--help` stays quick",
    "flows/check/assess.py": "what reads tables: not where results are recorded",
    "flows/check/baseline.py": "what reads tables: not where results are recorded",
    "flows/check/row_files.py": "what reads tables: not where no rows are written",
    "flows/check/compare.py": "what reads tables: not where no rows are compared",
    "ingest/sample.py": "Avro is an optional part",
    "ingest/kafka/client.py": "the sign-in of Amazon MSK is an optional part",
    "ingest/parse/event_parser.py": "Avro is an optional part",
    "ingest/access.py": "the client of the broker is an optional part",
    "progress.py": "rich: only where a bar is drawn",
}
"""The modules that import inside functions, with the reason."""


def test_imports_stand_at_the_top() -> None:
    """One inside a function is for an optional part, or keeps a start quick, at a listed place."""
    texts = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path, text in texts.items()
        # One on a line with more would be `import` behind a colon or a semicolon.
        if re.search(r"^[ \t]+(?:import|from)\b|[:;][ \t]*(?:import|from)\b", text, re.MULTILINE)
        and inner_imports(ast.parse(text))
    }
    assert found <= SEAMS.keys()
