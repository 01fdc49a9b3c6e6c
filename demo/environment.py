"""The environment of programs that see nothing of this machine's settings of git and DVC."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def clean_environment(home: Path, *foreign: str, user: str = "") -> dict[str, str]:
    """Ours, but git and DVC keep their settings and caches below ``home``.

    Args:
        home: A directory, which is made.
        foreign: The variables that begin with one of these are left out.
        user: The identity for git; empty: it has none.
    """
    home.mkdir(parents=True, exist_ok=True)
    config = home / "gitconfig"
    identity = f"[user]\n\tname = {user}\n\temail = {user.lower()}@example.com\n" if user else ""
    config.write_text(identity, encoding="utf-8")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        "DVC_NO_ANALYTICS": "1",
        "XDG_CACHE_HOME": str(home / "cache"),
    }
