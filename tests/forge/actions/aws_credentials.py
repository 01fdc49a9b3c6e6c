"""Stands in for aws-actions/configure-aws-credentials: hands out what the test keeps for a role."""

from __future__ import annotations

import os
import sys

from tests.forge.actions.scene import fail, given, put, say, scene


def main() -> int:
    """Exports credentials as variables."""
    if not given("aws-region"):
        fail("Input required and not supplied: aws-region")
    keys = {
        "AWS_ACCESS_KEY_ID": given("aws-access-key-id"),
        "AWS_SECRET_ACCESS_KEY": given("aws-secret-access-key"),
        "AWS_SESSION_TOKEN": given("aws-session-token"),
    }
    if role := given("role-to-assume"):
        if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
            fail("Credentials could not be loaded: there is no id-token: write")
        if role not in scene()["roles"]:
            fail("Could not assume role with OIDC: Not authorized")
        keys = scene()["roles"][role]
    for name, value in keys.items():
        if value:
            say(f"::add-mask::{value}")
            put("GITHUB_ENV", name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        put("GITHUB_ENV", name, given("aws-region"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
