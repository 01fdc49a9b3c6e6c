"""CML: the program ``cml`` posts the comment on a pull request and updates it in place.

Seen in CML 0.20.6: among the oldest 30 comments it updates the newest that carries its watermark,
whatever its author, and adds a comment if it finds none. It takes every ``CML_*`` variable as an
option, writes into the git configuration of its user, and for any host but github.com it uses
``https://HOST/api/v3``. So it gets an environment and a home directory of its own, and the caller
first tests whether it would update the right comment.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from datarelease.adapters.github.errors import brief
from datarelease.adapters.process import capture
from datarelease.errors import WorldError

WATERMARK_TITLE = "datarelease"
"""Distinguishes our comment from those of other programs that use CML."""
SEEN = 30
"""Comments that CML looks at: the oldest ones."""
_SECONDS = 60
"""CML waits half a minute for a rate limit, up to six times."""
_HANDED_ON = {
    "PATH", "LANG", "LC_ALL", "TMPDIR", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
    "no_proxy",
}  # fmt: skip
_IMAGE = "https://cml.dev/watermark.png"


def watermark(sha: str, title: str = WATERMARK_TITLE) -> str:
    r"""The mark that CML puts at the end of a comment.

    >>> print(watermark("deadbeef"))
    ![](https://cml.dev/watermark.png#deadbeef "CML watermark datarelease")
    >>> print(watermark("deadbeef", "a_b*[<"))
    ![](https://cml.dev/watermark.png#deadbeef "CML watermark a\_b\*\[\<")

    Raises:
        ValueError: ``sha`` is not hexadecimal: CML would not find its comment again.
    """
    if not re.fullmatch(r"[0-9a-f]+", sha, re.ASCII):
        raise ValueError(f"no commit: {sha!r}")
    return f'![]({_IMAGE}#{sha} "{_spelled(title)}")'


def _spelled(title: str) -> str:
    return re.sub(r"[_*\[<]", lambda found: f"\\{found[0]}", f"CML watermark {title}".strip())


def is_marked(body: str, title: str = WATERMARK_TITLE) -> bool:
    """Whether a comment carries our watermark; that alone does not make it ours."""
    mark = rf'!\[\]\({re.escape(_IMAGE)}#[0-9a-fA-F]+ "{re.escape(_spelled(title))}"\)'
    return re.search(mark, body) is not None


def with_watermark(body: str, sha: str, title: str = WATERMARK_TITLE) -> str:
    """``body`` with our watermark, character by character as CML posts it."""
    return f"{body}\n\n{watermark(sha, title)}"


class Cml:
    """The program ``cml``, for one repository."""

    def __init__(
        self,
        program: str,
        *,
        server: str,
        repository: str,
        token: str,
        env: Mapping[str, str],
        seconds: float = _SECONDS,
        title: str = WATERMARK_TITLE,
    ) -> None:
        """Nothing is run yet.

        Of ``env`` what leads to programs, certificates and proxies is handed on. After ``seconds``
        the program is stopped. ``title`` distinguishes its comment from others.
        """
        self._program = program
        self._address = f"{server}/{repository}"
        self._repository = repository
        self._token = token
        self._env = {name: env[name] for name in sorted(_HANDED_ON & env.keys())}
        self._seconds = seconds
        self._title = title

    def update(self, number: int, body: str, *, sha: str) -> None:
        """Write ``body`` to pull request ``number``, marked with the commit ``sha``.

        Raises:
            ConfigError: It is not installed.
            WorldError: It failed, or did not end in time.
        """
        with tempfile.TemporaryDirectory(prefix="datarelease-cml-") as folder:
            home = Path(folder) / "home"
            home.mkdir()
            # It runs `git config --global --add safe.directory '*'`.
            (home / ".gitconfig").touch()
            report = Path(folder) / "comment.md"
            report.write_bytes(body.encode())
            done = capture(
                self._arguments(number, report),
                cwd=Path(folder),
                env=self._environment(home, sha),
                seconds=self._seconds,
            )
        if done.code:
            reason = brief(done.stderr.replace(self._token, "***")) or "it gave no reason"
            raise WorldError(f"CML failed (exit {done.code}): {reason}")

    def _arguments(self, number: int, report: Path) -> list[str]:
        where = (f"--repo={self._address}", f"--target=pr/{number}")
        title = f"--watermark-title={self._title}"
        # With --publish it uploads local files that the comment links to a third party.
        return [self._program, "comment", "update", *where, "--publish=false", title, str(report)]

    def _environment(self, home: Path, sha: str) -> dict[str, str]:
        return {
            **self._env,
            "HOME": str(home),
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "ITERATIVE_DO_NOT_TRACK": "1",
            # The first name it looks for.
            "REPO_TOKEN": self._token,
            # Declares any host as GitHub; github.com needs no declaration.
            "GITHUB_REPOSITORY": self._repository,
            # The watermark's commit.
            "GITHUB_SHA": sha,
        }


def speaks_to(server: str, api_url: str) -> bool:
    """Whether CML, given ``server``, would use the API at ``api_url``."""
    own = "https://api.github.com" if server == "https://github.com" else f"{server}/api/v3"
    return api_url == own
