"""Loaded by the process that commands are forked from (`tests.forks`).

It loads whatever a command loads, and makes what each command would make before it begins with its
own work: the compiled templates of the report and of workflows, the readers of documents, the
patterns and schemas that settings are held to, what botocore knows of S3. What exists by then lives
as long as the process. It is moved out of the collector's sight, so that it is neither walked nor,
since walking writes to it, copied in each child; and put into huge pages.
"""

import gc
import os
from importlib import import_module
from pkgutil import iter_modules

from botocore import session
from dvc.cli.parser import get_main_parser
from dvc.config import get_compiled_schema
from dvc.utils.serialize import PARSERS
from tests import sample_reports
from tests.huge_pages import use_huge_pages
from tests.servers import read_models_once

from datarelease import cli, documents
from datarelease.analysis.engine.shapes.text_shapes import TextShape
from datarelease.analysis.profiling.parts.known_columns import KnownTable
from datarelease.analysis.validation.pandera_private import load_pandera
from datarelease.analysis.validation.part_memo import KnownParts
from datarelease.flows import edits
from datarelease.flows.check.known import ComparedRows
from datarelease.flows.retention.purge import RemoteErasure
from datarelease.ingest import cli as ingest
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation
from datarelease.model.review.report import Report
from datarelease.model.stage_environment import stage_environment
from datarelease.model.versions.index import VersionIndex
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.outcome import Health
from datarelease.model.versions.retention import RemoteSweep
from datarelease.render.html.report import html

PRELOADED = (
    *(f"{package.__name__}.{module.name}" for package in (cli, ingest)
      for module in iter_modules(package.__path__)),
    "datarelease.adapters.github.repository", "confluent_kafka.admin", "pyarrow.parquet",
    "configobj", "dvc._debug", "dvc.analytics", "dvc.cli.parser",
    "datarelease.analysis.comparison.rows", "datarelease.analysis.engine.duckdb.engine",
    "datarelease.api", "datarelease.flows.check.stage", "duckdb", "dulwich.ignore",
    "dulwich.porcelain", "dulwich.repo", "dulwich.walk", "dulwich.worktree", "dvc.cachemgr",
    "dvc.data_cloud", "dvc.dirs", "dvc.fs", "dvc.repo.artifacts", "dvc.repo.datasets",
    "dvc.repo.graph", "dvc.repo.index", "dvc.repo.init", "dvc.repo.metrics", "dvc.repo.open_repo",
    "dvc.repo.params", "dvc.repo.plots", "dvc.repo.reproduce", "dvc.repo.stage", "dvc.rwlock",
    "dvc.scm", "dvc.utils.strictyaml", "dvc.repo.trie", "dvc_data.hashfile._progress",
    "dvc_data.hashfile.db.local", "dvc_data.hashfile.status", "dvc_data.index.checkout",
    "dvc_render.vega", "dvc_s3",
    "encodings.utf_8_sig", "flatten_dict", "fsspec.implementations.memory",
    "narwhals._arrow.dataframe", "narwhals._duckdb.dataframe", "narwhals._duckdb.group_by",
    "narwhals._duckdb.namespace", "narwhals._duckdb.selectors", "narwhals.group_by",
    "narwhals._interchange.dataframe", "narwhals._namespace", "networkx",
    "pandera.backends.narwhals.builtin_checks", "pandera.io.pandas_io", "pandera.pandas",
    "pydantic.dataclasses", "pygments.lexers", "pyparsing", "rich._emoji_codes", "rich.live",
    "rich.progress", "ruamel.yaml.mergevalue", "s3fs", "scmrepo.git", "tests.commands",
    "tests.conftest",
)  # fmt: skip
"""Whatever a command loads, so that a process begins with the work itself."""

load_pandera()  # before anything else does, which would take Spark along
for name in PRELOADED:
    import_module(name)
for name in edits._templates().list_templates(["j2"]):
    edits._templates().get_template(name)
for report in (sample_reports.small(), sample_reports.streamed(), sample_reports.blocked()):
    html(report)
for kind in (
    ComparedRows, Health, KnownParts, KnownTable, Manifest, Profile, RemoteErasure, RemoteSweep,
    Report, TextShape, Validation, VersionIndex,
):  # fmt: skip
    documents._adapter(kind)
documents._adapter_of_indexes()
get_compiled_schema()
get_main_parser()
PARSERS[".yaml"]("a: [1, 2.5, text]", "any.yaml")
stage_environment(os.environ)
read_models_once()
session.Session().create_client(
    "s3", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
)

gc.collect()
gc.freeze()
use_huge_pages()
