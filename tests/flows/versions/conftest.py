"""What is read, withdrawn and repaired: the release itself is not what these tests look at."""

from tests.flows.release.conftest import edited as edited  # noqa: PLC0414 - a fixture here, too
