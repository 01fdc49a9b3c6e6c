"""How DVC signs in where it is started by us: as our own requests do.

DVC takes keys from files alone, and accepts the key of any host of SSH, which would get a password
then. Here texts stand in for files, and the hosts of remotes have to be known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from dvc.fs import get_cloud_fs, get_fs_config

from datarelease.adapters.dvc.private import add_settings
from datarelease.adapters.store.connection import google_settings, ssh_settings
from datarelease.adapters.store.remote_variables import ssh_texts
from datarelease.progress import TIMEOUT

_Account = tuple[str, ...]


def sign_in_as_we_do(config: Mapping[str, Any], env: Mapping[str, str]) -> None:
    """Have DVC connect to the remotes of its ``config`` with the texts that ``env`` holds for them.

    Addresses that are none of its remotes, as those of imports, are left to DVC; so are remotes
    whose package is not installed, of which it says so when it uses them.
    """
    accounts: dict[_Account, Callable[[], Mapping[str, Any]]] = {}
    schemes = set()
    for name in config["remote"]:
        if _leads_to_itself(config["remote"], name):
            continue
        try:
            made, options, _ = get_cloud_fs(config, name=name)
        except ImportError:
            continue
        schemes.add(made.protocol)
        if made.protocol == "ssh":
            texts = ssh_texts(name, get_fs_config(config, name=name), env)
            accounts[_account(options)] = partial(ssh_settings, TIMEOUT, *texts)
    if accounts:
        add_settings("ssh", lambda options: accounts.get(_account(options), dict)())
    if "gs" in schemes:
        add_settings("gs", lambda options: google_settings(options.get("credentialpath")))


def _account(options: Mapping[str, Any]) -> _Account:
    """Who signs in where, of what DVC opens a file system with."""
    return tuple(str(options.get(key) or "") for key in ("host", "port", "user", "keyfile"))


def _leads_to_itself(remotes: Mapping[str, Mapping[str, Any]], name: str) -> bool:
    """The address of a remote is built on one that is built on it (``remote://``)."""
    seen = set()
    while name in remotes and name not in seen:
        seen.add(name)
        address = urlsplit(str(remotes[name].get("url", "")))
        name = address.netloc.lower() if address.scheme == "remote" else ""
    return name in seen
