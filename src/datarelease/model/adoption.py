"""What ``datarelease init`` would do to a repository: a plan as a value, and how it spells YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from shlex import quote

from datarelease.model.diagnosis import STAGING

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*", re.ASCII)
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def yaml_text(text: str) -> str:
    r"""``text`` as one YAML scalar that YAML 1.1 and 1.2 both read as that very text.

    >>> print(yaml_text("data/x.csv"), yaml_text("no"), yaml_text("1e5"), yaml_text("a\n"))
    data/x.csv "no" "1e5" "a\n"
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if text.isprintable():
        return json.dumps(text, ensure_ascii=False)
    # JSON writes what is beyond 16 bits as two halves, which YAML does not put together again.
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def yaml_flow(value: object) -> str:
    """``value`` as YAML on one line.

    >>> yaml_flow({"delimiter": ";", "skip_rows": 1, "null_values": ("", "NaN")})
    '{delimiter: ";", skip_rows: 1, null_values: ["", NaN]}'
    """
    match value:
        case str():
            return yaml_text(value)
        case Mapping():
            return f"{{{', '.join(f'{key}: {yaml_flow(it)}' for key, it in value.items())}}}"
        case tuple() | list():
            return f"[{', '.join(map(yaml_flow, value))}]"
        case _:
            return str(value)


def _escaped(letter: str) -> str:
    if letter.isprintable():
        return json.dumps(letter, ensure_ascii=False)[1:-1]
    return {"\n": r"\n", "\t": r"\t"}.get(letter, f"\\U{ord(letter):08x}")


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A dataset that the repository will declare."""

    name: str
    path: str
    """Relative to the repository, with forward slashes."""
    origin: str
    """Where it comes from, in words."""
    rows: int
    columns: int
    key: tuple[str, ...]
    pii: tuple[str, ...]
    guess: tuple[str, ...] = ()
    """Columns that identify a row today, perhaps by chance: a comment, for people to decide."""
    evidence: str = ""
    """What speaks for the key or the guess, in words."""
    partitions: tuple[str, ...] = ()
    """Those of the columns whose values stand in the names of folders."""
    csv: str = ""
    """``meta.csv`` as one line of YAML; empty: its files need none."""
    files: int | None = None
    """Of a dataset of files; None: it is a table."""
    bytes: int = 0
    """The size of its files."""
    rules: tuple[tuple[str, str], ...] = ()
    """Rules that its files keep today, key and value as YAML: a comment, for people to decide."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program that will be run in the repository."""

    arguments: tuple[str, ...]
    why: str
    loud: bool = False
    """It changes what git tracks; people must not miss it."""


@dataclass(frozen=True, kw_only=True)
class RemoteEdit:
    """A DVC remote that is made, or settings that an existing one gets."""

    name: str
    url: str
    settings: tuple[tuple[str, str], ...]
    new: bool
    default: bool = False

    @property
    def commands(self) -> tuple[str, ...]:
        """The ``dvc remote`` commands that do the same."""
        add = [
            f"dvc remote add {'--default ' if self.default else ''}{self.name} {quote(self.url)}"
        ]
        return (
            *(add if self.new else []),
            *(f"dvc remote modify {self.name} {key} {value}" for key, value in self.settings),
        )


@dataclass(frozen=True, kw_only=True)
class FileEdit:
    """A file that is made or added to."""

    path: str
    before: str | None
    """None: there is no such file yet."""
    after: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """A step that is skipped, or something that is left out, and why."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """The plan: falsy when there is nothing to do."""

    branch: str
    """Default branch, whose pushes are released."""
    datasets: tuple[Proposed, ...]
    commands: tuple[Command, ...]
    remotes: tuple[RemoteEdit, ...]
    files: tuple[FileEdit, ...]
    skipped: tuple[Note, ...]
    """Steps whose result is already there."""
    left_out: tuple[Note, ...]
    """What is not touched although one might expect it."""
    last: tuple[Command, ...] = ()
    """Run when all files are written: the stages that check the data, once."""
    made: tuple[str, ...] = ()
    """Files that ``last`` writes, which git will hold."""
    all_remotes: tuple[tuple[str, str], ...] = ()
    """(name, address) of the remotes that releases go to, for what to set up next."""

    def __bool__(self) -> bool:
        return bool(self.commands or self.remotes or self.files or self.last)


_VARIABLES = {"HOST", "KNOWN_HOSTS", "AZURE_STORAGE_ACCOUNT"}
"""Of GitHub, which everybody may read; the others are secrets."""
_ACCOUNT = ("HOST", "USER", "PASSWORD")
_ENDS = {"ssh": ("PRIVATE_KEY", "KNOWN_HOSTS"), "webdavs": _ACCOUNT, "https": _ACCOUNT}
_ENDS_OF_STAGING = _ENDS | {
    "s3": ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"),
    "gs": ("CREDENTIALS_JSON",),
    "azure": ("CONNECTION_STRING",),
}
"""Nobody signs in by OpenID Connect there: the build runs in no environment."""
_SIGNED_IN = {
    "gs": ("GOOGLE_PROVIDER", "GOOGLE_SERVICE_ACCOUNT"),
    "azure": ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_STORAGE_ACCOUNT"),
}
"""Variables of GitHub with which a job signs in by OpenID Connect."""


def address_scheme(address: str) -> str:
    """The scheme of a remote's address; empty: a directory."""
    scheme, found, _ = address.partition("://")
    return scheme.lower() if found else ""


def workflow_credentials(name: str, address: str) -> tuple[tuple[str, str], ...]:
    """Variables for commands in a workflow, each with GitHub's expression for its value.

    They are those of remotes of which each has credentials of its own.

    >>> workflow_credentials("ssh", "ssh://host/data")[1]
    ('DATARELEASE_SSH_KNOWN_HOSTS', '${{ vars.SSH_KNOWN_HOSTS }}')
    """
    if address_scheme(address) == "azure":
        return (("AZURE_STORAGE_ACCOUNT", "${{ vars.AZURE_STORAGE_ACCOUNT }}"),)
    return _expressions(name, _ENDS.get(address_scheme(address), ()))


def staging_credentials(address: str) -> tuple[tuple[str, str], ...]:
    """The same for the staging remote at ``address``, whose secrets are the repository's own.

    >>> [name for name, _ in staging_credentials("gs://bucket")]
    ['DATARELEASE_STAGING_CREDENTIALS_JSON']
    """
    return _expressions(STAGING, _ENDS_OF_STAGING.get(address_scheme(address), ()))


def _expressions(name: str, ends: Iterable[str]) -> tuple[tuple[str, str], ...]:
    own = re.sub(r"[^A-Z0-9]", "_", name.upper())
    return tuple(
        (
            f"DATARELEASE_{own}_{end}",
            f"${{{{ {'vars' if end in _VARIABLES else 'secrets'}.{own}_{end} }}}}",
        )
        for end in ends
    )


def workflow_needs(name: str, address: str) -> tuple[str, ...]:
    """What an environment on GitHub holds for a remote: names of secrets and of variables.

    >>> workflow_needs("ssh", "ssh://host/data")
    ('the secret SSH_PRIVATE_KEY', 'the variable SSH_KNOWN_HOSTS')
    """
    words = {"secrets": "secret", "vars": "variable"}
    return tuple(f"the {words[kind]} {called}" for kind, called in held_for(name, address))


def held_for(name: str, address: str) -> tuple[tuple[str, str], ...]:
    """The same as ``secrets`` or ``vars``, and the name.

    >>> held_for("gs", "gs://bucket")
    (('vars', 'GOOGLE_PROVIDER'), ('vars', 'GOOGLE_SERVICE_ACCOUNT'))
    """
    signed_in = _SIGNED_IN.get(address_scheme(address), ())
    return tuple(("vars", variable) for variable in signed_in) or held_on_github(
        workflow_credentials(name, address)
    )


def held_on_github(credentials: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Where GitHub's expressions take their values from: ``secrets`` or ``vars``, and the name.

    >>> held_on_github(staging_credentials("ssh://host/data"))
    (('secrets', 'STAGING_PRIVATE_KEY'), ('vars', 'STAGING_KNOWN_HOSTS'))
    """
    found = (re.search(r"(secrets|vars)\.(\w+)", value) for _, value in credentials)
    return tuple((one[1], one[2]) for one in found if one)
