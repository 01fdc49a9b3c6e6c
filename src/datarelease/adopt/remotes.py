"""The remotes that ``datarelease init --remote`` names, and what existing ones lack."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datarelease.adapters.dvc.index import RemoteSettings
from datarelease.errors import ConfigError
from datarelease.model.adoption import RemoteEdit
from datarelease.model.git_address import without_credentials

_DAGSHUB = re.compile(
    r"dagshub:([A-Za-z0-9][A-Za-z0-9_.-]*)/([A-Za-z0-9_][A-Za-z0-9_.-]*)", re.ASCII
)
_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[^\s/?#@]+)*/?", re.ASCII)
_BUCKET = r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]"
_FOLDERS = r"(/[^\s/?#@]+)*"
_HOST = r"([A-Za-z0-9_.-]+@)?[A-Za-z0-9.-]+(:[0-9]+)?"
_OTHERS: Mapping[str, re.Pattern[str]] = {
    "gs": re.compile(rf"gs://({_BUCKET}){_FOLDERS}/?", re.ASCII),
    "azure": re.compile(rf"azure://({_BUCKET}){_FOLDERS}/?", re.ASCII),
    "ssh": re.compile(rf"ssh://{_HOST}{_FOLDERS}/?", re.ASCII),
    "webdav": re.compile(rf"webdavs://{_HOST}{_FOLDERS}/?", re.ASCII),
}
"""By the name that such a remote gets; an address holds a user at most, never a password."""
_VERIFY = ("verify", "true")
_DIRECTORY = re.compile(r"(/|\.\.?/).*")
FORMS = (
    "`--remote dagshub:OWNER/REPO`, `--remote s3://BUCKET/PREFIX`, `--remote gs://BUCKET/PREFIX`, "
    "`--remote azure://CONTAINER/PREFIX`, `--remote ssh://USER@HOST/DIRECTORY`, "
    "`--remote webdavs://HOST/FOLDER` or `--remote /DIRECTORY`"
)


@dataclass(frozen=True, kw_only=True)
class RemoteArgument:
    """A remote as the command line names it."""

    name: str
    """What it is called unless that name is taken."""
    other_name: str
    url: str
    endpoint: str | None = None


def parse_remote(text: str, start: Path = Path()) -> RemoteArgument:
    """The remote that ``text`` means; ``start`` is where relative directories begin.

    Raises:
        ConfigError: It is spelled in another way.

    >>> parse_remote("dagshub:ada/engine").endpoint
    'https://dagshub.com/ada/engine.s3'
    >>> parse_remote("s3://bucket/data/").url
    's3://bucket/data'
    >>> parse_remote("ssh://ada@host:2222/srv/data").other_name
    'ssh-host-2222'
    >>> parse_remote("../store", Path("/srv/repository")).url
    '/srv/store'
    """
    dagshub = _DAGSHUB.fullmatch(text)
    if dagshub:
        owner, repo = dagshub[1], dagshub[2].removesuffix(".git")
        return RemoteArgument(
            name="dagshub",
            other_name=_name(f"dagshub-{owner}-{repo}"),
            url="s3://dvc",
            endpoint=f"https://dagshub.com/{owner}/{repo}.s3",
        )
    s3 = _S3.fullmatch(text)
    if s3:
        return RemoteArgument(name="s3", other_name=_name(f"s3-{s3[1]}"), url=text.rstrip("/"))
    for kind, form in _OTHERS.items():
        if form.fullmatch(text):
            place = text.partition("://")[2].partition("/")[0]
            other = _name(f"{kind}-{place.partition('@')[2] or place}")
            return RemoteArgument(name=kind, other_name=other, url=text.rstrip("/"))
    if _DIRECTORY.fullmatch(text) and text.isprintable():
        place = os.path.abspath(start / text)  # noqa: PTH100 - links stay as they are named
        name = Path(place).name
        return RemoteArgument(name="storage", other_name=_name(f"storage-{name}"), url=place)
    raise ConfigError(
        f"--remote {text}: init cannot set up such a remote.",
        remedy=f"Write {FORMS}; for any other remote, run `dvc remote add` first.",
    )


def plan_remotes(
    wanted: Sequence[RemoteArgument], existing: Mapping[str, Mapping[str, Any]], default: str | None
) -> tuple[tuple[RemoteEdit, ...], tuple[str, ...]]:
    """The edits, and the names of the wanted remotes in their order."""
    names: list[str] = []
    made: list[RemoteEdit] = []
    for one in dict.fromkeys(wanted):
        name = _existing_name(one, existing)
        if name is None:
            name = _free_name(one, {*existing, *names})
            endpoint = [("endpointurl", one.endpoint)] if one.endpoint else []
            first = default is None and not made and not names
            made.append(
                RemoteEdit(
                    name=name,
                    url=one.url,
                    settings=(*endpoint, _VERIFY),
                    new=True,
                    default=first,
                )
            )
        names.append(name)
    fixed = [
        RemoteEdit(
            name=name,
            url=without_credentials(str(settings.get("url"))),
            settings=(_VERIFY,),
            new=False,
        )
        for name, settings in existing.items()
        if str(settings.get("verify", "")).lower() not in {"true", "1", "yes", "on"}
    ]
    return (*fixed, *made), tuple(names)


def _existing_name(one: RemoteArgument, existing: Mapping[str, Mapping[str, Any]]) -> str | None:
    for name, settings in existing.items():
        same = str(settings.get("url", "")).rstrip("/") == one.url
        if same and (settings.get("endpointurl") or None) == one.endpoint:
            return name
    return None


def _free_name(one: RemoteArgument, taken: set[str]) -> str:
    choices = [one.name, one.other_name, *(f"{one.other_name}-{n}" for n in range(2, 100))]
    return next(name for name in choices if name not in taken)


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")


def remote_addresses(
    settings: RemoteSettings, edits: Sequence[RemoteEdit], names: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Names and addresses of the remotes that releases go to: ``names``, or the default one.

    Of one on DagsHub, whose bucket has the same name for everybody, it is the endpoint.
    """
    default = next((edit.name for edit in edits if edit.default), settings.default)
    made = {edit.name: {"url": edit.url, **dict(edit.settings)} for edit in edits if edit.new}
    known = {**settings.remotes, **made}
    return tuple(
        (name, without_credentials(_address(known[name])))
        for name in names or ([default] if default else [])
        if name in known
    )


def _address(settings: Mapping[str, Any]) -> str:
    endpoint = str(settings.get("endpointurl") or "")
    return endpoint if "dagshub.com" in endpoint else str(settings["url"])
