"""Stands in for azure/login: signs in without a subscription, or fails as there."""

from __future__ import annotations

import os
import sys

from tests.forge.actions.scene import fail, given, is_true


def main() -> int:
    """Asks for what signing in by OpenID Connect takes."""
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
        fail("Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable: no id-token: write")
    if not (given("client-id") and given("tenant-id")):
        fail("Not all values are present. Ensure 'client-id' and 'tenant-id' are supplied.")
    if not is_true("allow-no-subscriptions"):
        fail("No subscription found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
