"""The prepared directories in which the blocks of the pages are run.

A scene is made once, in a home directory of its own, and copied into the home of each test. Its
name is what stands in `<!-- run: NAME -->`.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import environment, hermetic_environment
from tests.docs.shell import Shell
from tests.get_started import make_get_started

PLANS = ("basic", "plus", "team")
COUNTRIES = ("AT", "DE", "FR", "GR")


def customers(rows: int = 120) -> str:
    """Rows with an id, a name, an address, a category, a date and a number."""
    rng = random.Random(11)  # noqa: S311 - the same rows every time
    lines = ["customer_id,name,email,country,plan,joined_on,monthly_spend"]
    lines += [
        f"{number},Customer {number},customer{number}@example.com,{rng.choice(COUNTRIES)},"
        f"{rng.choice(PLANS)},2026-{rng.randint(1, 9):02}-{rng.randint(1, 28):02},"
        f"{max(5.0, rng.gauss(40, 12)):.2f}"
        for number in range(1, rows + 1)
    ]
    return "\n".join(lines) + "\n"


def orders(rows: int = 300) -> str:
    """Rows that refer to customers."""
    rng = random.Random(12)  # noqa: S311 - the same rows every time
    lines = ["order_id,customer_id,ordered_on,amount"]
    lines += [
        f"{number},{rng.randint(1, 120)},2026-{rng.randint(1, 9):02}-{rng.randint(1, 28):02},"
        f"{max(1.0, rng.gauss(60, 20)):.2f}"
        for number in range(1, rows + 1)
    ]
    return "\n".join(lines) + "\n"


def make_folder(home: Path) -> None:
    """A folder of two CSV files, outside git."""
    data = home / "shop" / "data"
    data.mkdir(parents=True)
    (data / "customers.csv").write_text(customers(), encoding="utf-8")
    (data / "orders.csv").write_text(orders(), encoding="utf-8")


def make_adopted(home: Path) -> None:
    """The folder as a repository with an origin and a directory as remote, adopted and pushed."""
    shop = home / "shop"
    shell = Shell(home=home, cwd=shop)
    shell.setup(
        "git init --quiet",
        "git init --quiet --bare ../origin.git",
        f"git remote add origin {home}/origin.git",
        f"datarelease init --remote {home}/remote --yes",
    )
    config = shop / ".dvc" / "config"  # it is committed, and holds in every copy
    config.write_text(config.read_text(encoding="utf-8").replace(str(home), "../.."))
    shell.setup(
        "git add -A",
        "git commit --quiet -m 'Adopt data releases'",
        "git push --quiet --set-upstream origin main",
    )


def make_released(home: Path) -> None:
    """The same with two versions: the second has ten customers more."""
    table = home / "shop" / "data" / "customers.csv"
    shell = Shell(home=home, cwd=home / "shop")
    shell.setup("datarelease release")
    table.unlink()  # a link into DVC's cache, perhaps
    table.write_text(customers(130), encoding="utf-8")
    shell.setup(
        "dvc add --quiet data/customers.csv",
        "datarelease check",
        "git add -A",
        "git commit --quiet -m 'Add ten customers'",
        "git push --quiet",
        "datarelease release",
    )


def make_reader(home: Path) -> None:
    """What `released` published, and an empty directory of somebody who has no clone of it."""
    shutil.rmtree(home / "shop")
    (home / "analysis").mkdir()


def make_dvc(home: Path) -> None:
    """A DVC repository with a pipeline of four stages that knows nothing of us."""
    make_get_started(home)


def scores(rows: int = 60) -> str:
    """Rows that refer to customers, with a probability."""
    rng = random.Random(13)  # noqa: S311 - the same rows every time
    lines = ["customer_id,score"]
    lines += [f"{number},{rng.random():.3f}" for number in range(1, rows + 1)]
    return "\n".join(lines) + "\n"


def make_projects(home: Path) -> None:
    """A repository with two DVC projects and a folder without DVC; github.com is its origin."""
    shell = Shell(home=home, cwd=home / "data")
    tables = {
        "models/churn/data/scores.csv": scores(),
        "sales/data/orders.csv": orders(),
        "stock/data/items.csv": "item_id,name,stored\n1,screw,40\n2,nail,25\n3,nut,0\n",
    }
    for name, text in tables.items():
        place = shell.cwd / name
        place.parent.mkdir(parents=True)
        place.write_text(text, encoding="utf-8")
    shell.setup(
        "git init --quiet",
        "git init --quiet --bare ../origin.git",
        f"git config --global url.{home}/origin.git.insteadOf https://github.com/acme/data",
        "git remote add origin https://github.com/acme/data",
    )
    for directory, table in (("models/churn", "scores"), ("sales", "orders")):
        shell.cwd = home / "data" / directory
        shell.setup(
            "dvc init --quiet --subdir",
            f"dvc remote add --quiet --default storage {home}/remotes/{directory}",
            f"dvc add --quiet data/{table}.csv",
        )
    shell.cwd = home / "data"
    shell.setup(
        "git add sales models",
        "git commit --quiet -m 'Two DVC projects'",
        "git push --quiet --set-upstream origin main",
    )


def make_empty(home: Path) -> None:
    """An empty directory."""
    (home / "work").mkdir()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """How a scene is made, and the directory below the home where its commands begin."""

    make: Callable[[Path], None]
    begin: str
    base: str = ""
    """The scene that it starts from."""


SCENES = {
    "empty": Scene(make=make_empty, begin="work"),
    "folder": Scene(make=make_folder, begin="shop"),
    "adopted": Scene(make=make_adopted, begin="shop", base="folder"),
    "released": Scene(make=make_released, begin="shop", base="adopted"),
    "reader": Scene(make=make_reader, begin="analysis", base="released"),
    "dvc": Scene(make=make_dvc, begin="work"),
    "projects": Scene(make=make_projects, begin="data"),
}


class Templates:
    """Makes each scene in a home of its own when it is asked for the first time."""

    def __init__(self, new_home: Callable[[str], Path]) -> None:
        """Let ``new_home`` make empty directories."""
        self._new_home = new_home
        self._made: dict[str, Path] = {}

    def shell(self, name: str, home: Path) -> Shell:
        """The scene anew in ``home``, and a terminal where it begins."""
        template = self._template(name)
        for entry in home.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        _copy(template, home)
        return Shell(
            home=home, cwd=home / SCENES[name].begin, before=tuple(map(str, self._made.values()))
        )

    def _template(self, name: str) -> Path:
        if name not in self._made:
            scene, home = SCENES[name], self._new_home(name)
            with environment(hermetic_environment(home)):
                if scene.base:
                    _copy(self._template(scene.base), home)
                scene.make(home)
            self._made[name] = home
        return self._made[name]


def _copy(template: Path, home: Path) -> None:
    """Copy a home; the configuration of git and DVC names the copy."""
    shutil.copytree(template, home, symlinks=True, dirs_exist_ok=True)
    configs = (home / ".gitconfig", *home.glob("*/.git/config"), *home.rglob(".dvc/config*"))
    for config in configs:
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace(str(template), str(home)), encoding="utf-8")
