"""DVC's configuration: which remotes there are, how to reach them, where the cache is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dvc.config import Config, merge
from dvc.exceptions import DvcException
from dvc.fs import get_cloud_fs, get_fs_config
from dvc_objects.fs.errors import AuthError, RemoteMissingDepsError

from datarelease.adapters.dvc.private import resolve_paths_once, with_absolute_paths
from datarelease.adapters.store.connection import connected_filesystem
from datarelease.adapters.store.credentials import (
    advice,
    authorised,
    is_dagshub,
    program_environment,
)
from datarelease.adapters.store.deletion import deleting_environment, deleting_settings
from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.adapters.store.errors import brief_error
from datarelease.adapters.store.kinds import KINDS
from datarelease.adapters.store.limits import (
    refuse_own_keys,
    refuse_problems,
    remote_problems,
    section_problems,
)
from datarelease.adapters.store.object_store import ObjectStore
from datarelease.adapters.store.remote_kind import RemoteKind
from datarelease.adapters.store.remote_variables import ssh_texts
from datarelease.errors import ConfigError, Problem
from datarelease.model.git_address import without_credentials
from datarelease.model.project import installation
from datarelease.progress import TIMEOUT

Trust = Literal["whole", "plain", "foreign"]
"""What the repository's own ``.dvc/config`` may say: all that DVC knows, or plain values; of a
repository elsewhere no other file of DVC's configuration counts."""
_Kind = Literal["directory", "aws", "dagshub", "s3", "other"]
AMAZON = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_EXTRAS = {kind: kind for kind in ("s3", "gs", "azure", "ssh", "webdav")} | {"webdavs": "webdav"}
"""By the scheme of an address, the extra of this package that installs what the remote needs."""


class DvcConfig:
    """The merged configuration (system, global, repository, local) of one DVC repository."""

    def __init__(
        self,
        dvc_dir: Path,
        *,
        env: Mapping[str, str],
        trust: Trust = "whole",
        timeout: float = TIMEOUT,
    ) -> None:
        """Read the configuration of the ``.dvc`` directory ``dvc_dir``.

        ``env`` may hold credentials (``adapters.store.credentials``). A remote may be silent for
        ``timeout`` seconds.

        Raises:
            ConfigError: DVC refuses the configuration.
            SettingsError: The repository sets more than it may; all of it is reported at once.
        """
        self._dvc_dir = dvc_dir
        self._env = env
        self._trust: Trust = trust
        self._timeout = timeout
        resolve_paths_once()
        with explained_config():
            self._files = Config(str(dvc_dir), validate=trust == "whole")
            own = self._own
        self._config: dict[str, Any] = self._files
        if trust == "plain":
            refuse_problems(section_problems(own))
        elif trust == "foreign":
            # A remote of the user may have the same name, and a password with it.
            kept = {name: {} for name in own} | {"remote": own.get("remote", {})}
            kept["core"] = {k: v for k, v in own.get("core", {}).items() if k == "remote"}
            self._config = kept
        if trust != "whole":
            with explained_config():
                self._config = Config.validate(self._config)

    def refused(self) -> tuple[Problem, ...]:
        """The entries of the repository's own file that are not plain values."""
        return tuple(section_problems(self._own))

    @cached_property
    def _own(self) -> Mapping[str, Any]:
        """What the repository's own file says, read once: each question about a remote asks."""
        return dict(self._files.load_one("repo"))

    @property
    def cache(self) -> Path:
        """Where objects are kept on this machine; ``md5[:2]/md5[2:]`` below it."""
        configured = self._config["cache"].get("dir")
        return Path(configured or self._dvc_dir / "cache") / "files" / "md5"

    @property
    def default_remote(self) -> str | None:
        """The name of DVC's default remote, or None."""
        name = self._config["core"].get("remote")
        return str(name) if name else None

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of all remotes."""
        return tuple(self._config["remote"])

    def verifies(self, name: str) -> bool:
        """``dvc pull`` checks the hashes of what it gets from the remote ``name``."""
        return bool(self._config["remote"].get(name, {}).get("verify"))

    def store(self, name: str, *, deleting: bool = False) -> Store:
        """The remote called ``name``; with the credentials that may delete, if that is wanted.

        Raises:
            ConfigError: There is no such remote, DVC's package for it is not installed, it keeps
                objects in a way that has no content-addressed keys, or it lacks credentials.
        """
        if name.lower() not in self._config["remote"]:
            known = ", ".join(self.remotes) or "none"
            raise ConfigError(
                f"DVC has no remote called {name!r} (it has: {known}).",
                remedy=f"Add it with `dvc remote add {name} URL`, or correct `release.remotes`.",
            )
        settings = self._config["remote"][name.lower()]
        if settings.get("worktree") or settings.get("version_aware"):
            raise ConfigError(
                f"remote {name!r} is cloud-versioned (worktree or version_aware).",
                remedy="Data versions need a content-addressed remote: `dvc remote modify "
                f"{name} --unset version_aware`, or name another remote in `release.remotes`.",
            )
        self._refuse_own_keys(name)
        with explained_config(self._scheme(name)):
            settings = get_fs_config(self._config, name=name)
            env = deleting_environment(name, settings, self._env) if deleting else self._env
            given = (deleting_settings if deleting else authorised)(name, settings, env)
            factory, options, root = get_cloud_fs(self._config, **given)
            if factory.protocol == "local":
                return DirectoryStore(name, Path(root))
            url = without_credentials(str(settings["url"]))
            keys = advice(name, settings, env)
            try:
                wrapper = factory(**options)
            except AuthError:  # it is raised again by the first request, which may never come
                wrapper = None

        unused = [wrapper] if wrapper is not None else []

        def opened() -> Any:
            # A wrapper opens its file system once, and connections end.
            fresh = unused.pop() if unused else factory(**options)
            ssh = ssh_texts(name, settings, env)
            return connected_filesystem(fresh, self._timeout, ssh)

        kind = KINDS.get(factory.protocol, RemoteKind())
        return ObjectStore(name, url, opened, root, kind=kind, keys=keys, timeout=self._timeout)

    def _refuse_own_keys(self, name: str) -> None:
        """Fails where keys, profiles or programs of the remote come from the repository."""
        with explained_config():
            own = self._own.get("remote", {})
        for part in self._built_on(name):
            if self._trust == "foreign":
                refuse_problems(remote_problems(part, own.get(part, {})))
            refuse_own_keys(part, self._config["remote"][part], own.get(part, {}), self._dvc_dir)

    def _built_on(self, name: str) -> Iterator[str]:
        """The remote ``name``, and those that its address leads to (``remote://``).

        Raises:
            ConfigError: It leads to itself.
        """
        seen: set[str] = set()
        part = name.lower()
        while part in self._config["remote"]:
            if part in seen:
                raise ConfigError(
                    f"remote {name!r}: its address leads to itself (remote://{part}).",
                    remedy=f"Name another address: `dvc remote modify {part} url URL`.",
                )
            seen.add(part)
            yield part
            address = urlsplit(str(self._config["remote"][part].get("url", "")))
            part = address.netloc.lower() if address.scheme == "remote" else ""

    def _scheme(self, name: str) -> str:
        """The scheme of the remote ``name``, or of the one that it is built on."""
        *_, last = self._built_on(name)
        return urlsplit(str(self._config["remote"][last].get("url"))).scheme

    def settings(self, name: str) -> Mapping[str, Any]:
        """What is set for the remote ``name``, what it is built on (``remote://``) included.

        It may hold secrets, and a local address as it was written; empty: no such remote.
        """
        if name.lower() not in self._config["remote"]:
            return {}
        with explained_config(self._scheme(name)):
            return dict(get_fs_config(self._config, name=name))

    def kind(self, name: str) -> _Kind:
        """The provider of the remote ``name``, as far as its address shows it."""
        settings = self.settings(name)
        address = urlsplit(str(settings.get("url", "")))
        if address.scheme == "s3":
            if is_dagshub(settings, self._env):
                return "dagshub"
            host = urlsplit(str(settings.get("endpointurl") or "")).hostname or AMAZON[0]
            return "aws" if host.endswith(AMAZON) else "s3"
        # A drive letter is not a scheme.
        return "other" if len(address.scheme) > 1 else "directory"

    def place(self, name: str) -> str:
        """The location of the remote ``name``, equal for two names of one location."""
        settings = self.settings(name)
        if self.kind(name) == "directory":
            return str(Path(self.store(name).url).resolve())
        url = str(settings.get("url", "")).rstrip("/")
        endpoint = str(settings.get("endpointurl") or "").rstrip("/")
        return f"{url} {endpoint}"

    def is_authorised(self, name: str) -> bool:
        """There are credentials for this remote alone, in the environment or in DVC's settings."""
        given = authorised(name, self.settings(name), self._env)
        return any(given.get(key) for key in ("access_key_id", "profile", "credentialpath"))

    def overrides(self) -> Mapping[str, Any]:
        """The configuration that DVC needs here: the credentials of each remote.

        A remote that may get none, other than the default one, stays without.
        """
        added: dict[str, Mapping[str, Any]] = {}
        for name in self.remotes:
            is_default = name == str(self.default_remote).lower()
            with nullcontext() if is_default else suppress(ConfigError):
                added[name] = self._added(name)
        found = {name: settings for name, settings in added.items() if settings}
        return {"remote": found} if found else {}

    def _added(self, name: str) -> Mapping[str, Any]:
        self._refuse_own_keys(name)
        settings = self.settings(name)
        given = authorised(name, settings, self._env)
        return {key: value for key, value in given.items() if settings.get(key) != value}

    def program_environment(self) -> Mapping[str, str]:
        """The environment for ``dvc`` programs: with the credentials of DVC's default remote."""
        if (name := self.default_remote) is None:
            return self._env
        self._refuse_own_keys(name)
        return program_environment(name, self.settings(name), self._env)


@contextmanager
def explained_config(scheme: str = "") -> Iterator[None]:
    """DVC's error about its configuration, or about a remote in ``scheme``, as a ConfigError."""
    try:
        yield
    except (RemoteMissingDepsError, ImportError) as error:
        extra = _EXTRAS.get(scheme)
        raise ConfigError(
            f"DVC lacks a package for remotes in {scheme}://: {brief_error(error)}",
            remedy=installation(extra) if extra else f"Install it: pip install 'dvc[{scheme}]'",
        ) from error
    except DvcException as error:
        raise ConfigError(
            f"DVC's configuration (.dvc/config) cannot be used: {brief_error(error)}",
            remedy="Correct it; `dvc remote list` shows what DVC reads.",
        ) from error


def lend_config(source: Path, target: Path) -> None:
    """Let the ``.dvc`` directory ``target`` use what the one at ``source`` does.

    ``config.local`` of ``target`` is written again: the paths of its own ``config`` read as if it
    were at ``source``, the settings of the ``config.local`` there, and the same cache.
    """
    cache = DvcConfig(source, env={}).cache.parent.parent
    local = target / "config.local"
    local.unlink(missing_ok=True)  # a killed process may have left half of it
    local.touch(mode=0o600)  # it may hold secrets
    with explained_config():
        own = Config.load_file(str(target / "config"))
        shown = with_absolute_paths(own, str(source / "config"))
        with Config(str(target)).edit("local") as settings:
            merge(settings, {"remote": shown.get("remote", {})})
            merge(settings, Config(str(source)).load_one("local"))
            settings["cache"]["dir"] = str(cache)
            # They would start programs that outlive the pipeline and keep the clone's lock.
            settings["core"] |= {"analytics": False, "check_update": False}
