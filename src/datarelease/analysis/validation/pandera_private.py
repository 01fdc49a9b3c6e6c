"""The names of Pandera that are used, public and private, in this module alone.

Pandera brings pandas along, so each name is loaded when it is used first. Pandera may move the
private ones in any release, so ``pyproject.toml`` bounds its version, and
``tests/contract/test_private_names.py`` holds the installed release to what is used of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping
from importlib import import_module
from typing import Any

PLACES = {
    "Check": "pandera.pandas",
    "Column": "pandera.pandas",
    "DataFrameModel": "pandera.pandas",
    "DataFrameSchema": "pandera.pandas",
    "Dispatcher": "pandera.api.function_dispatch",
    "_deserialize_dtype": "pandera.io.pandas_io",
    "deserialize_schema": "pandera.io.pandas_io",
}
"""Name -> the module that it is loaded from."""
_SPARK = ("pyspark", "pyspark.pandas")


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(name)
    return _loaded(name)


def _loaded(name: str) -> Any:
    return getattr(_module(PLACES[name]), name)


def _module(name: str) -> Any:
    """A module of Pandera.

    Pandera would import Spark along with itself where it is installed, for its own checks of
    Spark's frames: that takes a second, and Spark warns of the pandas that it finds.
    """
    if name in sys.modules:
        return sys.modules[name]
    blocked = [module for module in _SPARK if module not in sys.modules]
    for module in blocked:
        sys.modules[module] = None  # type: ignore[assignment]  # says that there is none
    try:
        return import_module(name)
    finally:
        for module in blocked:
            del sys.modules[module]


def load_pandera() -> None:
    """Load at once what a validation uses of Pandera."""
    for name in ("pandera.pandas", "pandera.io.pandas_io"):
        _module(name)


def dtypes() -> Any:
    """The module of Pandera's own types, of which the types of each library are subclasses."""
    return _module("pandera.dtypes")


def registered_checks() -> MutableMapping[str, Callable[..., Any]]:
    """The custom checks that were registered in this process, by name; may be changed."""
    registered: MutableMapping[str, Callable[..., Any]] = _loaded("Check").REGISTERED_CUSTOM_CHECKS
    return registered


def type_of(spelled: Any) -> Any:
    """The type that a schema file spells so.

    Raises:
        TypeError, ValueError, AttributeError: There is none.
    """
    return _loaded("_deserialize_dtype")(spelled)


def function_of(check: Any) -> Any:
    """The function of a check, without its arguments."""
    return check._check_fn  # noqa: SLF001 - kept nowhere else


def arguments_of(check: Any) -> dict[str, Any]:
    """The arguments that Pandera calls the function of a check with."""
    return dict(check._check_kwargs)  # noqa: SLF001 - kept nowhere else


def built_in(check: Any) -> str | None:
    """The name of the built-in check that ``check`` is, whatever the schema calls it; or None."""
    function = function_of(check)
    dispatched = isinstance(function, _loaded("Dispatcher"))
    return getattr(function, "__name__", None) if dispatched else None
