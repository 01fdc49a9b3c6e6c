"""The page of the environment variables that datarelease reads."""

from __future__ import annotations

from generators.markdown import code, page, table

_REMOTE = "NAME is the name of the DVC remote in capital letters, with `_` for every other sign."
GROUPS: dict[str, dict[str, str]] = {
    "Commands": {
        "DATARELEASE_REVIEWED": "The digest that was reviewed, as `release --reviewed`.",
        "DATARELEASE_REF": "The version of datarelease that workflows use, as `init --ref`.",
        "DATARELEASE_SPARK_REMOTE": "The address of a Spark Connect server, such as "
        "`sc://host:15002`, for `release.engine: spark`. Default: Spark or Sail on this machine.",
        "DATARELEASE_CACHE": "The directory in which readers of an address keep objects. Default: "
        "`readers` in the cache directory of the user.",
        "DATARELEASE_CACHE_LIMIT": "The most that this directory may hold, such as `20GB`.",
        "TMPDIR": "The directory for temporary files.",
        "COLUMNS": "The width of the terminal.",
        "NO_COLOR": "If it is set, the output has no colours.",
        "CI": "If it is set, long work prints lines instead of a progress bar.",
    },
    "Workflows on GitHub": {
        "GITHUB_TOKEN": "The token for GitHub and, over HTTPS, for its git server. `GH_TOKEN` is "
        "read by `doctor` and `gc` if it is not set.",
        "GH_TOKEN": "As `GITHUB_TOKEN`.",
        "DATARELEASE_DIRECTORY": "The directory of the DVC project in the repository.",
        "DATARELEASE_BOT": "The account that writes comments. Default: `github-actions[bot]`.",
        "DATARELEASE_CACHE_BUDGET": "The most that DVC's cache may hold, as `trim --budget`.",
        "DATARELEASE_CACHE_RESTORED": "The key of the cache that was restored, for `trim`.",
        "DATARELEASE_DISPATCH": "Repositories (`OWNER/NAME`, separated by blanks or commas) that "
        "receive the event `data-release` for each new version.",
        "DATARELEASE_DISPATCH_TOKEN": "The token that sends these events.",
        "DATARELEASE_GITHUB_REPOSITORY": "The repository (`OWNER/NAME`) in which `ingest propose` "
        "and `gc` look for pull requests. Default: that of origin.",
        "BUILD_RESULT": "The result of the job that builds, for `announce`.",
        "PUBLISH_RESULT": "The result of the job that publishes, for `announce`.",
        "NOTIFY_*": "Addresses and keys of webhooks, under the names in `release.notify`.",
    },
    "Remotes": {
        "DAGSHUB_TOKEN": "The token for remotes on DagsHub.",
        "DAGSHUB_CLIENT_HOST": "The address of an own installation of DagsHub.",
        "DATARELEASE_NAME_ACCESS_KEY_ID": "S3: the key ID.",
        "DATARELEASE_NAME_SECRET_ACCESS_KEY": "S3: the secret key.",
        "DATARELEASE_NAME_SESSION_TOKEN": "S3: the token of a session.",
        "DATARELEASE_NAME_CREDENTIALS_FILE": "Google Cloud Storage: a file with credentials.",
        "DATARELEASE_NAME_CREDENTIALS_JSON": "Google Cloud Storage: the credentials as JSON.",
        "DATARELEASE_NAME_CONNECTION_STRING": "Azure: the connection string.",
        "DATARELEASE_NAME_ACCOUNT_KEY": "Azure: the key of the storage account.",
        "DATARELEASE_NAME_SAS_TOKEN": "Azure: a shared access signature.",
        "DATARELEASE_NAME_KEY_FILE": "SSH: a file with the private key.",
        "DATARELEASE_NAME_PRIVATE_KEY": "SSH: the private key as text.",
        "DATARELEASE_NAME_PASSPHRASE": "SSH: the passphrase of the private key.",
        "DATARELEASE_NAME_KNOWN_HOSTS": "SSH: the known hosts as text.",
        "DATARELEASE_NAME_USER": "SSH, WebDAV and HTTP: the user.",
        "DATARELEASE_NAME_PASSWORD": "SSH, WebDAV and HTTP: the password.",
        "DATARELEASE_NAME_TOKEN": "WebDAV: a token.",
        "DATARELEASE_NAME_HOST": "WebDAV and HTTP: the only host that the password is sent to.",
        "DATARELEASE_DELETE_NAME_*": "The same for `gc --apply` and `purge --apply`, which delete "
        "with credentials of their own; for S3 also `…_PROFILE`, a profile of the AWS "
        "configuration.",
        "AWS_*": "S3: the variables of Amazon's SDK, if the remote has none of its own.",
        "AZURE_*": "Azure: the variables of Azure's SDK, if the remote has none of its own.",
        "GOOGLE_APPLICATION_CREDENTIALS": "Google: the variable of Google's SDK, if the remote has "
        "none of its own.",
        "SSH_AUTH_SOCK": "SSH: the agent that has the private key.",
    },
    "Events": {
        "DATARELEASE_KAFKA_BOOTSTRAP_SERVERS": "HOST:PORT of one or more brokers.",
        "DATARELEASE_KAFKA_*": "Other properties of librdkafka: `DATARELEASE_KAFKA_SASL_MECHANISM` "
        "is `sasl.mechanism`. Properties that exactly-once rests on are refused.",
        "DATARELEASE_SCHEMA_REGISTRY_URL": "The address of the schema registry.",
        "DATARELEASE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "`USER:PASSWORD` for it.",
    },
    "Dagster": {
        "DATARELEASE_REPOSITORY": "The directory of the repository. Default: the current one.",
        "DATARELEASE_REMOTES": "Remotes to release to, separated by commas. Default: "
        "`release.remotes`.",
        "DATARELEASE_CHECK_CRON": "When the schedule checks, as a cron expression.",
        "DATARELEASE_TIMEZONE": "The time zone of that schedule. Default: `UTC`.",
        "DATARELEASE_AUTOMATION": "`on`: sensors open pull requests, merge and announce from the "
        "start. Default: `off`.",
        "DATARELEASE_MAIN": "What happens when the default branch moved: `off`, `follow` or "
        "`release`. Default: `off`.",
        "DATARELEASE_SENSOR_SECONDS": "Seconds between two looks of a sensor, at least 5. Default: "
        "60.",
    },
}
"""Every variable with its meaning, by what it is for."""


def environment_page() -> str:
    """The page."""
    parts = []
    for title, variables in GROUPS.items():
        parts += [f"## {title}", _REMOTE if title == "Remotes" else ""]
        parts.append(table(("variable", "meaning"), [(code(k), v) for k, v in variables.items()]))
    return page(
        "Environment variables", "environment",
        "The environment variables that datarelease reads. Secrets come from the environment: "
        "datarelease reads none from a file in git, and shows none.",
        "Stages of the pipeline do not see tokens and keys; `release.stage_environment` in "
        "[settings](../settings.md) hands single variables on.",
        *parts,
    )  # fmt: skip
