"""Settings: every rule and shorthand, every problem at once, and nothing but SettingsError."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.errors import SettingsError
from datarelease.model.review.policy import Limit, Policy, RowBounds
from datarelease.progress import TIMEOUT
from datarelease.settings.read import Settings, read_settings

ONE = {"artifacts": {"people": {"path": "data/people.csv", "type": "dataset"}}}


def release(**section: Any) -> Settings:
    """The settings of one dataset with a ``release:`` section."""
    return read_settings(ONE, {"release": section})


def policy(**rules: Any) -> Policy:
    """The policy in ``release.policy``."""
    return release(policy=rules).policy


def problems(dvc_yaml: Any, params: Any = None) -> dict[str, str]:
    """What is wrong, by place."""
    with pytest.raises(SettingsError) as caught:
        read_settings(dvc_yaml, params or {})
    return {problem.where: problem.what for problem in caught.value.problems}


def faults(**section: Any) -> dict[str, str]:
    """What is wrong with a ``release:`` section, by place below it."""
    found = problems(ONE, {"release": section})
    return {where.removeprefix("params.yaml: release."): what for where, what in found.items()}


# --- what is read


def test_nothing_needs_to_be_said() -> None:
    """One dataset is enough; everything else has a default."""
    settings = read_settings(ONE, {})
    assert [(d.name, d.path, d.schema, d.key, d.pii) for d in settings.datasets] == [
        ("people", "data/people.csv", None, (), ())
    ]
    assert settings.policy == Policy()
    assert (settings.tags.prefix, settings.remotes, settings.memory_limit) == ("data-v", (), "2GB")
    assert settings.timeout == TIMEOUT
    assert read_settings(ONE, {"release": None}) == settings
    assert read_settings(ONE, {"release": {"timeout": 90}}).timeout == 90


def test_the_address_of_the_catalogue_ends_with_a_slash() -> None:
    """The path of a page follows it; whatever is no plain https address is refused."""
    assert release().site is None
    assert release(site="https://acme.github.io/data").site == "https://acme.github.io/data/"
    for bad in (
        "http://host/", "host/data", "https://", "https://me:pw@host/", "https://host/?q=1",
        "https://host/a b/", "https://h\u00f6st/", "javascript:alert(1)",
    ):  # fmt: skip
        assert "expected" in faults(site=bad)["site"], bad


def test_a_dataset_says_all_it_can() -> None:
    """Path, schema, key, personal data and description are read; foreign keys are left alone."""
    meta = {"schema": "schemas/x.yaml", "key": ["a", "b"], "pii": "email", "owner": "me"}
    artifact = {"path": "./data//x/", "type": "dataset", "desc": "X", "labels": ["y"], "meta": meta}
    settings = read_settings(
        {"artifacts": {"x": artifact, "m": {"type": "model", "path": "m"}}}, {}
    )
    [dataset] = settings.datasets
    assert (dataset.path, dataset.schema, dataset.desc) == ("data/x", "schemas/x.yaml", "X")
    assert (dataset.key, dataset.pii) == (("a", "b"), ("email",))
    assert settings.dataset("x") == dataset
    assert settings.dataset("m") is None


def test_datasets_are_sorted_by_name() -> None:
    """The order in the file does not matter."""
    entry = {"path": "x", "type": "dataset"}
    settings = read_settings({"artifacts": {"b": entry, "a": entry}}, {})
    assert [dataset.name for dataset in settings.datasets] == ["a", "b"]


def test_remotes_are_a_name_or_a_list() -> None:
    """One name needs no list, and a name counts once."""
    assert release(remotes="s3").remotes == ("s3",)
    assert release(remotes=["a", "b", "a"]).remotes == ("a", "b")


@pytest.mark.parametrize(
    ("given_rule", "expected"),
    [
        (0.3, Limit(level="warn", max=0.3)),
        (1, Limit(level="warn", max=1)),
        (0, Limit(level="warn", max=0)),
        (False, Limit(level="warn", max=None)),
        ({"max": 0.3}, Limit(level="warn", max=0.3)),
        ({"level": "block"}, Limit(level="block", max=0.25)),
        ({"max": None, "level": "block"}, Limit(level="block", max=None)),
        ({"columns": {"age": 1, "people.id": False}},
         Limit(level="warn", max=0.25, overrides={"age": 1.0, "people.id": None})),
        ({}, Limit(level="warn", max=0.25)),
    ],
)  # fmt: skip
def test_a_limit_can_be_written_short_and_long(given_rule: object, expected: Limit) -> None:
    """A number, `false`, or a mapping with max, level and overrides; what is left out stays."""
    assert policy(psi=given_rule).psi == expected


@pytest.mark.parametrize("rule", ["psi", "ks", "js", "null_rate", "row_loss", "row_gain"])
def test_every_limit_is_read(rule: str) -> None:
    """Each rule has its own place; the others keep their defaults."""
    read = policy(**{rule: {"max": 0.5, "level": "block"}})
    assert getattr(read, rule) == Limit(level="block", max=0.5)
    others = {"psi", "ks", "js", "null_rate", "row_loss", "row_gain"} - {rule}
    assert all(getattr(read, other) == getattr(Policy(), other) for other in others)


def test_rows_and_levels() -> None:
    """Row bounds with overrides, the levels of violations and breaking changes."""
    read = policy(
        rows={"min": 5, "max": 10, "level": "warn", "datasets": {"people": {"max": 3}}},
        violations="warn", breaking="warn",
    )  # fmt: skip
    assert read.rows == RowBounds(level="warn", min=5, max=10, overrides={"people": (1, 3)})
    assert (read.violations, read.breaking) == ("warn", "warn")
    assert policy(row_loss={"datasets": {"people": 0.5}}).row_loss.of("people") == 0.5


# --- what is refused


def test_every_problem_is_told_at_once() -> None:
    """Both files are read to the end; each fault has its dotted path."""
    found = problems(
        {"artifacts": {"bad name!": {"type": "dataset", "path": 5}, "b": 7}},
        {"release": {"tagprefix": "x", "policy": {"psi": "high", "kss": 1}}},
    )
    assert set(found) == {
        "dvc.yaml: artifacts.bad name!",
        "dvc.yaml: artifacts.bad name!.path",
        "dvc.yaml: artifacts.b",
        "params.yaml: release.tagprefix",
        "params.yaml: release.policy.psi",
        "params.yaml: release.policy.kss",
    }
    assert (
        found["params.yaml: release.tagprefix"]
        == "unknown key 'tagprefix'; did you mean 'tag_prefix'?"
    )
    assert "did you mean 'ks'" in found["params.yaml: release.policy.kss"]
    assert found["params.yaml: release.policy.psi"] == "expected a mapping, found 'high'"


@pytest.mark.parametrize(
    ("section", "where", "what"),
    [
        ({"engine": "polars"}, "engine", "expected 'duckdb' or 'spark', found 'polars'"),
        ({"engine": "spork"}, "engine", "found 'spork'; did you mean 'spark'?"),
        ({"memory_limit": "lots"}, "memory_limit", "found 'lots'"),
        ({"timeout": 0}, "timeout", "greater than or equal to 1"),
        ({"tag_prefix": "-x"}, "tag_prefix", "found '-x'"),
        ({"tag_prefix": "a..b"}, "tag_prefix", "a git tag cannot begin with this"),
        ({"tag_prefix": "a/.b"}, "tag_prefix", "a git tag cannot begin with this"),
        ({"tag_prefix": ""}, "tag_prefix", "found ''"),
        ({"remotes": 5}, "remotes", "expected a list, found 5"),
        ({"remotes": [5]}, "remotes.0", "expected a string, found 5"),
        ({"policy": []}, "policy", "expected a mapping, found []"),
        ({"policy": {"psi": -1}}, "policy.psi.max", "greater than or equal to 0"),
        ({"policy": {"psi": float("nan")}}, "policy.psi.max", "found nan"),
        ({"policy": {"psi": float("inf")}}, "policy.psi.max", "found inf"),
        ({"policy": {"psi": {"max": True}}}, "policy.psi.max", "expected a number, found True"),
        ({"policy": {"psi": {"columns": {"a": "x"}}}}, "policy.psi.columns.a", "expected a number"),
        ({"policy": {"psi": {"datasets": {}}}}, "policy.psi.datasets", "unknown key"),
        ({"policy": {"psi": {"maxx": 1}}}, "policy.psi.maxx", "did you mean 'max'?"),
        ({"policy": {"rows": {"min": 1.5}}}, "policy.rows.min", "expected a whole number"),
        ({"policy": {"rows": {"datasets": {"people": {"mim": 1}}}}},
         "policy.rows.datasets.people.mim", "did you mean 'min'?"),
        ({"policy": {"violations": "ignore"}}, "policy.violations", "'warn' or 'block'"),
        ({"policy": {"allow_breaking": "yes"}}, "policy.allow_breaking", "expected a list"),
        ({"policy": {"reason": "old"}}, "policy.reason", "in each entry of `allow_breaking`"),
        ({"policy": {"append_only": {"datasets": {"peopl": True}}}},
         "policy.append_only.datasets.peopl", "unknown dataset 'peopl'; did you mean 'people'?"),
        ({"policy": {"append_only": "ignore"}}, "policy.append_only.level", "'warn' or 'block'"),
        ({"policy": {"rows": {"datasets": {"peopl": {}}}}},
         "policy.rows.datasets.peopl", "unknown dataset 'peopl'; did you mean 'people'?"),
        ({"policy": {"row_loss": {"datasets": {"zzz": 1}}}},
         "policy.row_loss.datasets.zzz", "unknown dataset 'zzz'; known: people"),
    ],
)  # fmt: skip
def test_what_the_release_section_refuses(section: dict[str, Any], where: str, what: str) -> None:
    """Each fault is named with its place, and with the nearest known name where there is one."""
    found = faults(**section)
    assert set(found) == {where}
    assert what in found[where]


@pytest.mark.parametrize(
    ("artifacts", "where", "what"),
    [
        (None, "artifacts", "no dataset is declared"),
        ({}, "artifacts", "no dataset is declared"),
        ({"m": {"type": "model", "path": "m"}}, "artifacts", "no dataset is declared"),
        ([], "artifacts", "expected a mapping"),
        ({"a": None}, "artifacts.a", "expected a mapping"),
        ({"a": {"type": "datset", "path": "x"}}, "artifacts.a.type", "did you mean 'dataset'?"),
        ({"a": {"type": "dataset"}}, "artifacts.a.path", "is missing"),
        ({"a": {"type": "dataset", "path": "/etc/x"}}, "artifacts.a.path", "inside the repository"),
        ({"a": {"type": "dataset", "path": "x/../../y"}}, "artifacts.a.path", "inside the repo"),
        ({"a": {"type": "dataset", "path": "."}}, "artifacts.a.path", "inside the repository"),
        ({"a": {"type": "dataset", "path": " "}}, "artifacts.a.path", "inside the repository"),
        ({"a": {"type": "dataset", "path": "x\n"}}, "artifacts.a.path", "inside the repository"),
        ({"a": {"type": "dataset", "path": "x", "meta": {"schema": "../s"}}},
         "artifacts.a.meta.schema", "inside the repository"),
        ({"a": {"type": "dataset", "path": "x", "meta": {"keys": ["i"]}}},
         "artifacts.a.meta.keys", "did you mean 'key'?"),
        ({"a": {"type": "dataset", "path": "x", "meta": {"key": 5}}},
         "artifacts.a.meta.key", "expected a list"),
        ({"a/b": {"type": "dataset", "path": "x"}}, "artifacts.a/b", "letters, digits"),
        ({"..": {"type": "dataset", "path": "x"}}, "artifacts...", "letters, digits"),
    ],
)  # fmt: skip
def test_what_a_dataset_refuses(artifacts: object, where: str, what: str) -> None:
    """Each fault of the declared datasets is named with its place."""
    found = problems({} if artifacts is None else {"artifacts": artifacts})
    assert set(found) == {f"dvc.yaml: {where}"}
    assert what in found[f"dvc.yaml: {where}"]


def test_a_misspelt_section_is_noticed() -> None:
    """`relaese:` is not just another parameter."""
    assert problems(ONE, {"relaese": {}}) == {"params.yaml: relaese": "did you mean 'release'?"}


def test_hostile_values_are_shown_short() -> None:
    """A long value does not fill the screen."""
    [what] = faults(engine="x" * 10_000).values()
    assert len(what) < 150


# --- whatever comes

NAMES = st.sampled_from(
    ["release", "artifacts", "type", "path", "meta", "schema", "key", "pii", "policy", "psi",
     "rows", "max", "min", "level", "columns", "datasets", "tag_prefix", "remotes", "engine"]
)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.dates() | st.binary(max_size=3) | st.sampled_from(["dataset", "block", "data-v", "2GB"])
)  # fmt: skip
KEYS = NAMES | st.text(max_size=5) | st.integers() | st.none() | st.booleans() | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def told(dvc_yaml: Any, params: Any) -> tuple[str, ...]:
    """What is said of the files: the names of the datasets, or the places of the problems."""
    try:
        return tuple(dataset.name for dataset in read_settings(dvc_yaml, params).datasets)
    except SettingsError as error:
        return tuple(problem.where for problem in error.problems if problem.what)


@given(artifacts=VALUES, section=VALUES, more=st.dictionaries(KEYS, VALUES, max_size=2))
def test_any_yaml_is_read_or_refused(artifacts: object, section: object, more: Any) -> None:
    """Whatever YAML can hold gives settings or a SettingsError with at least one problem."""
    assert told({"artifacts": artifacts, **more}, {**more, "release": section})


@given(fields=st.dictionaries(NAMES, VALUES, max_size=5), rules=st.dictionaries(NAMES, VALUES))
def test_any_field_is_read_or_refused(fields: dict[str, Any], rules: dict[str, Any]) -> None:
    """The same one level deeper, where known keys meet values of any type."""
    artifacts = {"a": {**fields, "type": "dataset"}}
    assert told({"artifacts": artifacts}, {"release": {"policy": rules}})
