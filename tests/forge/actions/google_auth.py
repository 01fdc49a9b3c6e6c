"""Stands in for google-github-actions/auth: leaves a file of credentials in the work tree."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

from tests.forge.actions.scene import fail, given, put


def main() -> int:
    """Writes the file and exports its place, as there with `create_credentials_file`."""
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
        fail("GitHub Actions did not inject $ACTIONS_ID_TOKEN_REQUEST_URL: no id-token: write")
    if not (given("workload_identity_provider") and given("service_account")):
        fail("must specify workload_identity_provider and service_account")
    place = Path(os.environ["GITHUB_WORKSPACE"]) / f"gha-creds-{secrets.token_hex(8)}.json"
    place.write_text(json.dumps({"type": "external_account"}))
    for name in (
        "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_GHA_CREDS_PATH",
    ):
        put("GITHUB_ENV", name, str(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
