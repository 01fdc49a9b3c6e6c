"""What fields mean whose names say too little: what they hold depends on the class.

Where a field has few possible values, its meaning says what each of them stands for.
"""

from __future__ import annotations

_COLUMN_KIND = (
    "How statistics treat the column: `number`, `time` (dates and timestamps), `text` "
    "(categories too), `boolean`, or `other` (such as lists and bytes), of which only missing "
    "values are counted."
)
_TOLD = (
    "How it ended: `released`; `nothing` (there was nothing to release); `blocked` (the schema or "
    "the policy); `conflict` (other bytes than reviewed); `unreviewed` (nobody reviewed it, and "
    "`release.require_review` is set); or `failed` (anything else; it can be run again)."
)
_SIDE = "the baseline; null: the baseline does not have it."
BY_PLACE = {
    "Adoption.commands": "The programs that are run first, in their order.",
    "Adoption.files": "The files that are written or added to.",
    "Adoption.remotes": "The DVC remotes that are made or changed.",
    "Batch.number": "The number of the batch, from 1.",
    "BatchCounts.number": "The number of the batch, from 1.",
    "BatchCounts.records": "The number of records that were read from the topic.",
    "Channel.name": "The name of the channel, such as `stable`.",
    "ColumnContract.checks": "The checks of the column as the schema spells them, such as "
    "`in_range(0, 120)`.",
    "ColumnContract.name": "The name of the column.",
    "ColumnContract.type": "The type that the schema asks for, such as `int64`; null: any type.",
    "ColumnDiff.after": "The figures of the column now; null: it was removed.",
    "ColumnDiff.before": f"The figures of the column in {_SIDE}",
    "ColumnDiff.column": "The name of the column.",
    "ColumnDiff.kind": _COLUMN_KIND,
    "ColumnProfile.kind": _COLUMN_KIND,
    "ColumnProfile.max": "The largest value, written as `min` is.",
    "ColumnProfile.name": "The name of the column.",
    "ColumnStats.max": "The largest value; null: the column has no order.",
    "ColumnStats.min": "The smallest value; null: the column has no order.",
    "Command.arguments": "The words of the command line, the program first.",
    "Command.why": "Why the command is run, in words.",
    "Committed.group": "The consumer group whose offsets are committed.",
    "Contract.checks": "The checks of the whole table as the schema spells them.",
    "Contract.columns": "The columns that the schema names, in its order.",
    "CsvDialect.decimal": "The decimal mark of numbers: `.` or `,`.",
    "DatasetDiff.columns": "The comparison of each column.",
    "DatasetDiff.name": "The name of the dataset.",
    "DatasetDiff.rows": "The comparison of the rows; null: they were not compared.",
    "DatasetDiff.schema": "The changes of the schema.",
    "DatasetReport.name": "The name of the dataset.",
    "DatasetReport.path": "Where the data is in the repository, with forward slashes.",
    "DatasetReport.size": "The size of all its files in bytes; null: it is not known.",
    "Drained.written": "Numbers of the batches whose files were written now.",
    "Erasure.date": "When the data was erased, in ISO 8601.",
    "Erasure.reason": "Why the data was erased, in the words of the person.",
    "Fault.found": "What was found instead, such as the other size; empty: nothing is there.",
    "Fault.key": "The key of the object on the remote.",
    "Fault.kind": "What is wrong: `missing` (there is no object), `size` (it has another size) or "
    "`hash` (it has other bytes).",
    "FileChange.after": "The size of the file now, in bytes; null: it was removed.",
    "FileChange.kind": "What happened to the file: `added`, `removed`, `changed` (other bytes) or "
    "`renamed` (the same bytes under another path).",
    "FileCounts.added": "How many files are new.",
    "FileCounts.changed": "How many files have other bytes.",
    "FileCounts.removed": "How many files were removed.",
    "FileCounts.unchanged": "How many files have the same bytes.",
    "FileEdit.after": "The whole text of the file afterwards.",
    "FileEdit.path": "Where the file is in the repository, with forward slashes.",
    "FileEdit.why": "What the file is for, in words.",
    "FileFolder.bytes": "The size of the files in the folder, in bytes.",
    "FileFolder.files": "The number of files in the folder, those of its own folders included.",
    "FileFolder.path": "The name of the folder; empty: the files at the top of the dataset.",
    "FileKind.bytes": "The size of the files of this type, in bytes.",
    "FileKind.files": "The number of files of this type.",
    "FileKind.type": "The content type, such as `image/png`.",
    "FileSizes.max": "The size of the largest file, in bytes.",
    "FileSizes.median": "The median of the sizes, in bytes.",
    "FileSizes.min": "The size of the smallest file, in bytes.",
    "FileSizes.q25": "The first quartile of the sizes, in bytes.",
    "FileSizes.q75": "The third quartile of the sizes, in bytes.",
    "FilesDiff.after": "The statistics of its files now; null: it was removed, or is a table now.",
    "FilesProfile.bytes": "The size of all files together, in bytes.",
    "FilesProfile.files": "The number of files of the dataset.",
    "Finding.column": "The name of the column; null: the finding is about the whole dataset.",
    "Finding.message": "What was found and which limit holds, as a sentence.",
    "FolderDiff.added": "How many files of the folder are new.",
    "FolderDiff.changed": "How many files of the folder have other bytes.",
    "FolderDiff.removed": "How many files of the folder were removed.",
    "FolderDiff.renamed": "How many files came into the folder under another path or name.",
    "Health.versions": "The versions that were looked at, the newest first.",
    "Histogram.after": "The number of rows in each bin now; null: the column was removed.",
    "IndexedVersion.number": "The number of the version: 3 for `data-v3`.",
    "Line.found": "What was found, in words.",
    "Line.state": "`ok`; `missing` (it has to be set up); `warning` (it works, but should be "
    "changed); or `unknown` (it could not be found out).",
    "Manifest.number": "The number of the version: 3 for `data-v3`.",
    "Manifest.params_sha256": "The SHA-256 of `params.yaml`, in hexadecimal.",
    "ManifestDataset.files": "The files, with their hashes and sizes.",
    "ManifestDataset.name": "The name of the dataset.",
    "ManifestDataset.path": "Where the data is in the repository, with forward slashes.",
    "ManifestFile.path": "Inside the dataset, with forward slashes.",
    "ManifestRemote.name": "The name of the remote in `.dvc/config`.",
    "MetricChange.after": "The value now; null: the metric was removed.",
    "Move.by": "Who set the channel: the name that git has.",
    "Move.number": "The number of the move, from 1.",
    "Move.reason": "Why the channel was set, in the words of the person; empty: nobody said it.",
    "Move.tag": "The git tag that records the move.",
    "NotShown.file": "The path of the file, relative to the DVC project.",
    "NotShown.why": "Why its values are not shown, in words.",
    "Note.what": "The step, or the file, that the plan leaves out.",
    "Note.why": "Why it is left out, in words.",
    "Nothing.reason": "Why nothing was released, in words.",
    "Nothing.report": "The report of the check.",
    "Outcome.commit": "The full SHA of the commit that was to be released.",
    "Outcome.number": "The number of the version; null: none was made.",
    "Outcome.state": _TOLD,
    "Outcome.what": "What happened, in a sentence.",
    "ParamChange.after": "As YAML on one line; null: the parameter was removed.",
    "ParamChange.name": "The keys on the way to it, with dots between them: `train.rate`.",
    "PictureChange.after": "The image now, as a JPEG in Base64; null: it was removed, or it is not "
    "on this machine or cannot be shown.",
    "PictureChange.kind": "What happened to the image: `added`, `removed` or `changed`.",
    "PictureChange.path": "Inside the dataset, with forward slashes.",
    "PictureFacts.height": "The height of the image in pixels.",
    "PictureFacts.width": "The width of the image in pixels.",
    "PictureModes.mode": "The mode as Pillow calls it, such as `RGB`.",
    "PictureModes.pictures": "How many images have this mode.",
    "PictureStatistics.height": "The heights in pixels: smallest, median and largest.",
    "PictureStatistics.width": "The widths in pixels: smallest, median and largest.",
    "PlannedStep.state": "`done` (its result is there), `to do`, `skipped` (there is no need for "
    "it) or `refused` (the release ends here).",
    "PlannedStep.what": "What the step does or did, in words.",
    "PlotChange.after": "The points now; null: the plot was removed.",
    "PlotChange.file": "The file that holds the points, relative to the DVC project.",
    "PlotChange.kind": "How it is drawn: `line`, `scatter` (a cloud of points) or `bar`.",
    "PlotChange.y": "What is on the vertical axis, as the pipeline calls it.",
    "PlotPoints.labels": "What stands below each bar; empty: it is a line or a cloud.",
    "PlotPoints.x": "The positions of the points on the horizontal axis.",
    "PlotPoints.y": "The positions of the points on the vertical axis.",
    "Profile.rows": "The number of rows of the table.",
    "Proposal.branch": "The branch of the pull request; null: there is none.",
    "Proposal.commit": "The commit of the branch; null: there is none.",
    "Proposal.dead": "How many records became dead letters.",
    "Proposal.events": "How many events became rows.",
    "Proposal.pull": "The number of the pull request; null: there is none.",
    "Proposal.url": "The address of the pull request; null: there is none.",
    "Merging.branch": "The branch of the pull request; null: there is none.",
    "Merging.pull": "The number of the pull request; null: there is none.",
    "Merging.url": "The address of the pull request; null: there is none.",
    "Proposed.columns": "The number of columns of the table.",
    "Proposed.key": "The columns that identify a row; empty: no key was found.",
    "Proposed.name": "The name of the new dataset.",
    "Proposed.pii": "The columns whose names or values look like personal data.",
    "Proposed.rows": "The number of rows of the table.",
    "PullRequestFile.number": "The number of the pull request.",
    "Released.recorded": "The steps of the release that led to the tag.",
    "Released.tag_object": "The hash of the tag's own object in git.",
    "RemoteEdit.default": "Whether it becomes the default remote of DVC.",
    "RemoteEdit.name": "The name of the remote in `.dvc/config`.",
    "RemoteEdit.new": "Whether the remote is made; false: an existing one gets settings.",
    "RemoteEdit.settings": "The settings that it gets, each as (key, value).",
    "RemoteEdit.url": "The address of the remote, as `dvc remote add` takes it.",
    "Replayed.records": "The number of dead letters that were sent.",
    "Report.outcome": "What merging does: `first` (publish the first version), `release` (publish "
    "the next version), `rollback` (publish the next version with the data of an older one), "
    "`unchanged` (nothing: the data and the parameters are the same) or `same_bytes` (nothing: "
    "parameters changed, the data did not). `compared`: two released versions were compared.",
    "Report.streams": "What came from each stream since the baseline.",
    "RetiredDataset.name": "The name that the dataset had.",
    "RetiredDataset.reason": "Why it was retired, as `dvc.yaml` says it.",
    "RowChange.key": "The values of the key, each as (column, value).",
    "RowChange.kind": "What happened to the row: `added`, `removed` or `changed`.",
    "RowDiff.added": "How many rows have a new key.",
    "RowDiff.changed": "How many rows have another value.",
    "RowDiff.examples": "At most 10 rows that differ.",
    "RowDiff.removed": "How many keys do not occur any more.",
    "RowDiff.unchanged": "How many rows have the same values.",
    "SchemaChange.after": "The new name, type or promise; null: it was removed.",
    "SchemaChange.kind": "What changed. Of columns: `added`, `removed`, `renamed` or `retyped` (it "
    "has another type). Of the dataset: `key` (the row key), `contract` (a promise of the schema) "
    "or `form` (a table became files, or files a table). Of files: `kind_added` and "
    "`kind_removed` (a content type) or `rule` (a rule of `meta.files`).",
    "Span.start": "The offset of the first record.",
    "StreamReport.name": "The name of the stream, which is that of its dataset.",
    "StreamReport.new": "The batches that the baseline does not have.",
    "TopicAnnouncement.event": "The announcement as it was sent: a JSON object with the version, "
    "its digest and where to read it.",
    "TopicAnnouncement.key": "The key of the record, by which consumers tell versions apart.",
    "TrackedFile.path": "Inside the directory, with forward slashes.",
    "TrackedOutput.kept_by": "Who keeps the bytes: `remotes`, `source` (where it was imported "
    "from) or `nobody` (it is not pushed).",
    "TrackedOutput.path": "Where it is in the repository, with forward slashes.",
    "Verification.manifest": "The manifest of the version.",
    "Version.erased": "The erasure; None: the data is not erased.",
    "Version.number": "The number of the version: 3 for `data-v3`.",
    "Version.trailers": "The trailers of the tag's message, as (name, value).",
    "Version.yank": "The withdrawal; None: the version is not withdrawn.",
    "VersionIndex.versions": "The versions of the project, oldest first.",
    "VersionRows.date": "When the version was made, in ISO 8601.",
    "VersionRows.rows": "The rows of each dataset, as (name, rows); of a dataset of files, files.",
    "Violation.category": "`schema` (columns and types) or `data` (values).",
    "Violation.message": "More about the failure, such as the two types; empty: there is no more.",
    "Violation.reason": "Why the check failed. `column_not_in_dataframe`: a column is missing. "
    "`column_not_in_schema`: the schema allows no further columns. `column_not_ordered`: the "
    "columns have another order. `duplicate_column_labels`: a name occurs twice. "
    "`wrong_datatype`: the column has another type. `datatype_coercion`: values do not convert to "
    "the type. `series_contains_nulls`: values are missing. `series_contains_duplicates`: values "
    "occur twice. `duplicates`: rows occur twice. `dataframe_check`: values fail the check. "
    "`check_error`: the check could not be evaluated. `unreadable`: the data is not a table that "
    "can be read. `file_check`: files break a rule of `meta.files`.",
    "Waiver.number": "The number of the version in `until`.",
    "Waiver.reason": "Why the change is allowed, in the words of the settings.",
    "Webhook.format": "The form of the message: `json` (the whole outcome) or `slack` (a text).",
    "Webhook.on": "The ends of a release that are reported: `released`, `blocked`, `conflict`, "
    "`unreviewed` and `failed`.",
    "Yank.date": "When the version was withdrawn, in ISO 8601.",
    "Yank.reason": "Why the version was withdrawn, in the words of the person.",
}  # fmt: skip
"""By the class and the field."""
