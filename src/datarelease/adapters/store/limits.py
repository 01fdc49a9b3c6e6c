"""Which settings of remotes a repository may have, and which it may not.

``.dvc/config`` is in git. Where there are secrets that the repository is not trusted with (the job
that publishes, another repository), it may hold plain values only: where a remote is, and how
data is written there. Credentials and trust settings come from the environment.

Sources: DVC's ``dvc.config_schema``; botocore's ``configloader``, which expands ``~`` and ``$NAME``
in paths.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datarelease.errors import ConfigError, Problem, SettingsError

_PATHS = (
    "configpath", "credentialpath", "keyfile", "cert_path", "key_path", "kerb_ticket",
    "gdrive_user_credentials_file", "gdrive_service_account_json_file_path",
)  # fmt: skip
"""Settings that name a file with keys, or with a program that prints some."""
_COMMANDS = ("bearer_token_command",)
"""Settings that name a program."""
_EVERY = {
    "checksum_jobs", "jobs", "no_traverse", "url", "verify", "version_aware", "worktree",
}  # fmt: skip
_OF_SCHEME: Mapping[str, set[str]] = {
    "": {"protected", "shared", "slow_link_warning", "type"},
    "s3": {
        "acl", "allow_anonymous_login", "cache_regions", "connect_timeout", "endpointurl",
        "grant_full_control", "grant_read", "grant_read_acp", "grant_write_acp", "listobjects",
        "read_timeout", "region", "sse", "sse_kms_key_id", "ssl_verify", "use_ssl",
    },
    # Its requests carry a bearer token, which an address chosen by the repository would get.
    "gs": {"allow_anonymous_login", "projectname"},
    "azure": {
        "account_name", "allow_anonymous_login", "connection_timeout", "read_timeout", "timeout",
        "exclude_environment_credential", "exclude_managed_identity_credential",
        "exclude_shared_token_cache_credential", "exclude_visual_studio_code_credential",
    },
    "oss": {"oss_endpoint"},
    "gdrive": {"gdrive_acknowledge_abuse", "gdrive_trash_only", "gdrive_use_service_account"},
    "http": {"connect_timeout", "method", "read_timeout", "ssl_verify"},
    "webdav": {"ssl_verify", "timeout"},
    "webhdfs": {"ssl_verify", "use_https", "user"},
    "hdfs": {"replication", "user"},
    "ssh": {"max_sessions", "port", "timeout", "type", "user"},
    # The remote that it is built on is checked separately.
    "remote": set(),
}  # fmt: skip
"""By the scheme of the remote's address."""
_SAME = {"https": "http", "webdavs": "webdav"}
_OF_SECTION: Mapping[str, set[str]] = {
    "core": {
        "analytics", "autostage", "check_update", "checksum_jobs", "hardlink_lock", "interactive",
        "remote",
    },
    "cache": {"protected", "shared", "slow_link_warning", "type", "verify"},
    "feature": {"machine"},
    "parsing": {"bool", "list"},
}  # fmt: skip
"""Of the other sections. ``core.site_cache_dir``, say, holds pickles that DVC loads."""
_TRUE = re.compile("true", re.IGNORECASE)
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "ssl_verify": _TRUE,
    # It becomes part of a host's name.
    "account_name": re.compile(r"[a-z0-9]{3,24}", re.ASCII),
}
_CONFIG = ".dvc/config"


def section_problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything in a repository's ``.dvc/config`` that is not a plain value."""
    for name, remote in config.get("remote", {}).items():
        yield from remote_problems(name, remote)
    for section, values in config.items():
        if section == "remote" or not isinstance(values, Mapping):
            continue
        for key in values:
            if key not in _OF_SECTION.get(section, ()):
                yield _refused(f"{_CONFIG}: {section}.{key}")


def remote_problems(name: str, settings: Mapping[str, Any]) -> Iterator[Problem]:
    """What a repository says about its remote ``name`` and is not a plain value."""
    yield from value_problems(f"{_CONFIG}: remote.{name}", str(settings.get("url", "")), settings)


def value_problems(where: str, url: str, settings: Mapping[str, Any]) -> Iterator[Problem]:
    """The ``settings`` of the place at ``url`` that are not plain values, named by ``where``."""
    scheme = urlsplit(url).scheme.lower()
    scheme = "" if len(scheme) == 1 else _SAME.get(scheme, scheme)  # a drive letter is none
    if scheme not in _OF_SCHEME:
        yield Problem(
            where=f"{where}.url", what=f"refused: addresses in {scheme}:// are not accepted"
        )
        return
    for key, value in settings.items():
        shape = _SHAPES.get(key)
        if key not in _EVERY | _OF_SCHEME[scheme]:
            yield _refused(f"{where}.{key}")
        elif shape is not None and not shape.fullmatch(str(value)):
            yield _refused(f"{where}.{key}", "with this value")


def fs_config_problems(
    read: Callable[[str], Mapping[str, Any]], paths: Sequence[str]
) -> Iterator[Problem]:
    """The same of ``fs_config`` in ``.dvc`` files, which DVC lays over a remote's settings."""
    for path in paths:
        for url, settings in _fs_configs(read(path)):
            yield from value_problems(f"{path}: fs_config", url, settings)


def refuse_problems(problems: Iterable[Problem]) -> None:
    """Fails where there are ``problems``.

    Raises:
        SettingsError: All of them at once.
    """
    found = tuple(problems)
    if found:
        raise SettingsError(
            found,
            remedy="Remove them (`dvc remote modify NAME --unset KEY`): keys, profiles and "
            "certificates come from the environment (docs/security/input.md). To use them in one "
            "clone only, put them into its .dvc/config.local; commands that you run there read it.",
        )


def refuse_own_keys(
    name: str, settings: Mapping[str, Any], own: Mapping[str, Any], dvc_dir: Path
) -> None:
    """Fails where keys, profiles or programs come from the repository itself, for anybody.

    ``settings`` come from wherever DVC takes them, ``own`` from the repository itself.

    Raises:
        ConfigError: They do: a profile can name a program to run (``credential_process``).
    """
    root = dvc_dir.resolve().parent
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    what = remedy = None
    for key in _PATHS:
        path = settings.get(key)
        if path and inside(str(path), (root, top), dvc_dir):
            what = f"{key} names a file of the repository"
            remedy = (
                f"Remove it: `dvc remote modify {name} --unset {key}`. Keep keys and profiles in "
                "your home directory (for example in ~/.aws) or in the environment."
            )
    for key in _COMMANDS:
        if own.get(key):
            what = f"{key} in {_CONFIG} names a program"
            remedy = f"Set it for your clone only: `dvc remote modify --local {name} {key} …`."
    if what and remedy:
        raise ConfigError(
            f"remote {name!r}: {what}, which could start a program for every user of the remote.",
            remedy=remedy,
        )


def inside(path: str, roots: Sequence[Path], base: Path) -> bool:
    """The file that a setting names is in one of the directories ``roots``, however it is read.

    ``~`` and ``$NAME`` are expanded. Relative paths may be relative to ``base``, or to the current
    directory.
    """
    forms = {path, os.path.expandvars(path)}
    forms |= {os.path.expanduser(form) for form in forms}  # noqa: PTH111 - as botocore does it
    forms |= {os.path.expandvars(form) for form in forms}
    places = {str(start / form) for form in forms for start in (Path.cwd(), base)}
    # A link in the repository that leads out is the repository's choice as well.
    ways = {Path(seen(place)) for place in places for seen in (os.path.realpath, _plain)}
    return any(_is_at(folder, roots) for way in ways for folder in (way, *way.parents))


# --- inside


def _refused(where: str, more: str = "") -> Problem:
    what = "refused: a repository may name plain values only, and this is not one"
    return Problem(where=where, what=f"{what} {more}".rstrip())


def _fs_configs(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        found = value.get("fs_config")
        if isinstance(found, Mapping):
            yield str(value.get("path", "")), found
        for part in value.values():
            yield from _fs_configs(part)
    elif isinstance(value, list):
        for part in value:
            yield from _fs_configs(part)


def _plain(path: str) -> str:
    # Two leading slashes are kept by POSIX, and mean nothing.
    return os.path.normpath(f"/{path.lstrip('/')}" if path.startswith("/") else path)


def _is_at(folder: Path, roots: Sequence[Path]) -> bool:
    # By the file itself: names may differ in case, or by a mount.
    with suppress(OSError, ValueError):
        return any(folder.samefile(root) for root in roots)
    return False
