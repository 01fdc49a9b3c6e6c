"""Which formats of recorded profiles count."""

from __future__ import annotations

import pytest

from datarelease.flows.check.assess import other_inputs
from datarelease.model.data import provenance
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Profile
from datarelease.model.versions.snapshot import DatasetSnapshot


@pytest.mark.parametrize(("number", "other"), [(1, ()), (2, ()), (3, ("format",))])
def test_profiles_of_the_first_format_count(number: int, other: tuple[str, ...]) -> None:
    """A profile of format 1 is compared with those of format 2; one of a later format is not."""
    dataset, content = Dataset(name="d", path="d"), DatasetSnapshot(name="d", entries=())
    made_from = provenance.of_profile(dataset, content, lambda _: None)
    record = Profile(dataset="d", rows=0, columns=(), made_from=made_from, format=number)
    assert other_inputs(record, dataset, content, lambda _: None) == other
