"""The address of this project and how to install it, as messages and written files name them."""

REPOSITORY = "datarelease/datarelease"
"""On GitHub."""

PUBLISHED: bool = False
"""Whether a release is on the package index, with its tag on GitHub. Messages and pages name the
published form only then: a name that is not ours yet could be anybody's package."""


def installation(extra: str) -> str:
    """The sentence that says how to install the tool with ``extra``, one of its optional parts."""
    if PUBLISHED:
        return f"Install it: pip install 'datarelease[{extra}]'"
    return (
        f"Install it: pip install './datarelease[{extra}]' in the directory that holds a checkout "
        f"of https://github.com/{REPOSITORY}"
    )
