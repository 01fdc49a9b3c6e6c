"""Loaded last by the process that commands are forked from.

It makes what each command would make before it begins with its own work: the compiled templates of
the report and of workflows, the readers of documents, the patterns and schemas that settings are
held to, what botocore knows of S3. What exists by then lives as long as the process. It is moved
out of the collector's sight, so that it is neither walked nor, since walking writes to it, copied
in each child.
"""

import gc
import os

from botocore import session
from dvc.cli.parser import get_main_parser
from dvc.config import get_compiled_schema
from dvc.utils.serialize import PARSERS
from tests import sample_reports
from tests.servers import read_models_once

from datarelease import documents
from datarelease.analysis.engine.shapes.text_shapes import TextShape
from datarelease.analysis.profiling.parts.known_columns import KnownTable
from datarelease.analysis.validation.part_memo import KnownParts
from datarelease.flows import edits
from datarelease.flows.check.known import ComparedRows
from datarelease.flows.retention.purge import RemoteErasure
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation
from datarelease.model.review.report import Report
from datarelease.model.stage_environment import stage_environment
from datarelease.model.versions.index import VersionIndex
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.outcome import Health
from datarelease.model.versions.retention import RemoteSweep
from datarelease.render.html.report import html

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
