"""The generator stage: same parameters, same bytes; an edit reaches only what depends on it."""

from __future__ import annotations

import copy
import hashlib
import json
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pandera.io.pandas_io import from_yaml

from customers.columns import ERROR_KINDS, PLAN_PERCENT, SCHEMA
from customers.draws import below, choices, draws, from_table, normal_quantiles, spend_table
from customers.names import read_names
from customers.params import (
    LAST_END,
    MAX_MEDIAN,
    MAX_SPREAD,
    NULLABLE,
    PLANS,
    ParamsError,
    parse_params,
    read_params,
)
from make_tabular_data import NAMES, ROWS_PER_GROUP, batches, main, write

ROOT = Path(__file__).parents[3]
LISTS = read_names(NAMES)
# Not those of the repository: an edit there is a change of the data, not of the generator.
DEFAULTS = yaml.safe_load("""
make:
  rows: 3000
  seed: 20261
  start: "2021-01-01"
  end: "2026-06-30"
  country_mix: {BR: 9, DE: 18, EG: 2, ES: 6, FR: 10, GB: 12, IN: 9, JP: 7, PL: 4, TR: 3, US: 20}
  plan_mix: {basic: 58, business: 5, family: 22, premium: 15}
  churn_rate: 0.18
  missing_rate: {birth_date: 0.06, last_order: 0.08, phone: 0.12, referral: 0.35}
  spend: {median: 24.90, spread: 0.45}
  inject_errors: false
  error_rate: 0.01
""")
DIGEST = "c2d735c2d51668fe1c69580d2ed864c6d6aae491aa09f6e2fe71b70af4ccc6e8"


_TABLES = cache(spend_table)


@pytest.fixture(autouse=True)
def one_table_of_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of prices is made once for equal parameters: it took most of the time of a test."""
    monkeypatch.setattr("make_tabular_data.spend_table", _TABLES)


def edited(**changes: Any) -> dict[str, Any]:
    """Return parameters with values of `make` replaced (`a__b`: a.b)."""
    document = copy.deepcopy(DEFAULTS)
    make = document["make"]
    for path, value in changes.items():
        *sections, key = path.split("__")
        target = make
        for section in sections:
            target = target[section]
        target[key] = value
    return dict(document)


def made(rows_per_group: int = ROWS_PER_GROUP, **changes: Any) -> pa.Table:
    """Return the customers of the edited parameters."""
    params = parse_params(edited(**changes), LISTS.countries)
    return pa.Table.from_batches(batches(params, LISTS, rows_per_group), schema=SCHEMA)


def load_schema() -> Any:
    """Return the schema file as Pandera loads it."""
    return from_yaml(ROOT / "schemas" / "customers.yaml")  # type: ignore[no-untyped-call]


def run(folder: Path, document: Any) -> tuple[int, Path]:
    """Return exit code and file of the stage, run with the given params.yaml."""
    folder.mkdir(exist_ok=True)
    text = document if isinstance(document, str) else yaml.safe_dump(document)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    out = folder / "data" / "customers.parquet"
    return main(["--params", str(folder / "params.yaml"), "--out", str(out)]), out


def problems(document: Any) -> list[str]:
    """Return what is said to be wrong with a params.yaml."""
    with pytest.raises(ParamsError) as error:
        parse_params(document, LISTS.countries)
    return error.value.problems


def changed(old: pa.Table, new: pa.Table) -> dict[str, float]:
    """Return, for each column that differs, the share of its rows that do."""
    before, after = old.to_pandas(), new.to_pandas()
    differs = (before != after) & ~(before.isna() & after.isna())
    return {str(name): float(share) for name, share in differs.mean().items() if share}


def test_equal_parameters_give_equal_bytes(tmp_path: Path) -> None:
    """Two runs write the same bytes."""
    (one_exit, one), (two_exit, two) = (run(tmp_path / name, edited()) for name in "ab")
    assert (one_exit, two_exit) == (0, 0)
    assert one.read_bytes() == two.read_bytes()


def test_reordered_parameters_give_equal_data() -> None:
    """The order of keys does not reach the data, as DVC would not run the stage again for it."""
    mix = dict(reversed(DEFAULTS["make"]["country_mix"].items()))
    assert made(country_mix=mix).equals(made())


@pytest.mark.parametrize("rows_per_group", [1_000, 1_001, 3_000])
def test_values_do_not_depend_on_chunks(rows_per_group: int) -> None:
    """However many rows are made at once, also not a multiple of four, the customers are equal."""
    whole, pieces = made(inject_errors=True), made(rows_per_group, inject_errors=True)
    assert pieces.combine_chunks().equals(whole.combine_chunks())


@given(seed=st.integers(0, 2**63 - 1), first=st.integers(0, 10**10), skip=st.integers(0, 9))
def test_draws_are_addressed_by_row(seed: int, first: int, skip: int) -> None:
    """A row's word is the same wherever the run of rows begins."""
    later = draws(seed, "some", first + skip, 8)
    assert (draws(seed, "some", first, skip + 8)[skip:] == later).all()


def philox(seed: int, stream: str, row: int) -> int:
    """Return a row's word, computed as the paper does (Salmon et al. 2011, Philox 4x64-10)."""
    name = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "little")
    keys = [seed, name]
    mask = 2**64 - 1
    words = [row // 4 + 1, 0, 0, 0]  # NumPy counts up before the first word
    for _ in range(10):
        one, two = 0xD2E7470EE14C6C93 * words[0], 0xCA5A826395121157 * words[2]
        words = [
            (two >> 64) ^ words[1] ^ keys[0],
            two & mask,
            (one >> 64) ^ words[3] ^ keys[1],
            one & mask,
        ]
        weyl = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
        keys = [(key + step) & mask for key, step in zip(keys, weyl, strict=True)]
    return words[row % 4]


@given(seed=st.integers(0, 2**63 - 1), stream=st.text(max_size=9), row=st.integers(0, 10**10))
def test_the_words_are_those_of_philox(seed: int, stream: str, row: int) -> None:
    """NumPy's raw words are those of the published algorithm, whatever its version."""
    assert draws(seed, stream, row, 1).tolist() == [philox(seed, stream, row)]


def test_the_customers_stay_who_they_are() -> None:
    """Another machine, library or edit of the generator that makes other data is noticed here.

    Where the generator is changed on purpose, the new digest is part of that change.
    """
    text = json.dumps(made(inject_errors=True).to_pylist(), default=str, ensure_ascii=True)
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST


def test_more_rows_append_rows() -> None:
    """Raising `rows` leaves the earlier customers unchanged."""
    assert made(rows=4_000).slice(0, 3_000).equals(made(rows=3_000).combine_chunks())


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({"churn_rate": 0.24}, {"churned"}),
        ({"missing_rate__phone": 0.3}, {"phone"}),
        ({"missing_rate__last_order": 0.02}, {"last_order"}),
        (
            {"country_mix__US": 40},
            {"country", "first_name", "last_name", "email", "phone"},
        ),
        ({"plan_mix__family": 30}, {"plan", "monthly_spend", "lifetime_value"}),
        ({"spend__median": 29.9}, {"monthly_spend", "lifetime_value"}),
        ({"end": "2026-07-31"}, {"signup_date", "last_order", "lifetime_value"}),
        ({"error_rate": 0.5}, set()),
    ],
)
def test_an_edit_reaches_only_its_columns(changes: dict[str, Any], columns: set[str]) -> None:
    """A changed parameter changes the columns that depend on it, and no other."""
    assert set(changed(made(), made(**changes))) == columns


def test_an_edit_reaches_only_the_rows_it_moves() -> None:
    """Six points more churn mark about six percent of the rows, and unmark none."""
    old, new = made(), made(churn_rate=0.24)
    assert changed(old, new)["churned"] == pytest.approx(0.06, abs=0.02)
    assert (new["churned"].to_numpy() >= old["churned"].to_numpy()).all()


def test_rows_of_an_unchanged_country_keep_their_names() -> None:
    """A changed country mix renames those customers only whose country changes."""
    old, new = made().to_pandas(), made(country_mix__US=40).to_pandas()
    stay = old["country"] == new["country"]
    assert old[stay].equals(new[stay])
    assert not stay.all()


def test_another_seed_makes_other_customers() -> None:
    """The seed reaches every column but the row number."""
    assert set(changed(made(), made(seed=7))) == set(SCHEMA.names) - {"customer_id"}


def test_the_repositorys_own_parameters_are_good() -> None:
    """params.yaml as it stands is accepted."""
    assert read_params(ROOT / "params.yaml", LISTS.countries).rows > 0


def test_the_data_fits_its_schema() -> None:
    """Pandera finds nothing wrong with data made without injected errors."""
    load_schema().validate(made().to_pandas(), lazy=True)


def test_the_schema_file_holds_what_pandera_loads() -> None:
    """No key of the schema file is dropped by Pandera, which does so without a word."""
    document = yaml.safe_load((ROOT / "schemas" / "customers.yaml").read_text(encoding="utf-8"))
    schema = load_schema()
    attributes = {"dtype", "description", "nullable", "unique"}
    for name, column in document["columns"].items():
        loaded = schema.columns[name]
        assert [check.name for check in loaded.checks] == [
            key for key in column if key not in attributes
        ]
        assert loaded.nullable == column.get("nullable", False)
        assert loaded.unique == column.get("unique", False)
    assert schema.strict is True
    assert list(schema.columns) == SCHEMA.names
    assert {name for name, column in schema.columns.items() if column.nullable} == set(NULLABLE)


def test_schema_and_parameters_know_the_same_categories() -> None:
    """A country or plan that params.yaml accepts is one that the schema accepts."""
    schema = load_schema()
    allowed = {
        name: schema.columns[name].checks[0].statistics["allowed_values"]
        for name in ("country", "plan")
    }
    assert allowed == {"country": list(LISTS.countries), "plan": list(PLANS)}


def test_injected_errors_are_found_by_the_schema() -> None:
    """Each kind of error is found, in as many rows as were spoilt, and nothing else is."""
    bad = made(inject_errors=True, error_rate=0.06).to_pandas()
    with pytest.raises(pandera.errors.SchemaErrors) as error:
        load_schema().validate(bad, lazy=True)
    cases = error.value.failure_cases
    found = {(row.column, row.check.split("(")[0]) for row in cases.itertuples()}
    assert found == {
        ("monthly_spend", "in_range"),
        ("email", "str_matches"),
        ("customer_id", "field_uniqueness"),
        ("country", "isin"),
        ("last_name", "not_nullable"),
        ("signup_date", "in_range"),
    }
    assert len(found) == len(ERROR_KINDS)
    assert (bad.compare(made().to_pandas()).index.size / len(bad)) == pytest.approx(0.06, abs=0.02)


def test_names_emails_and_phones_fit_together() -> None:
    """An address is spelt like its customer's name, unique, and a name list's script survives."""
    data = made(rows=5_000).to_pandas()
    spelling = dict(zip(LISTS.last.names.to_pylist(), LISTS.last.ascii_names, strict=True))
    fits = [
        spelling[row.last_name] in row.email and row.email.endswith(".example")
        for row in data.itertuples()
    ]
    assert all(fits)
    assert data["email"].is_unique
    assert not data["last_name"].str.isascii().all()
    assert set(data.loc[data["country"] == "DE", "phone"].dropna().str[:4]) == {"+49 "}


def test_dates_are_in_order() -> None:
    """Nobody signs up outside the range, orders before signing up, or signs up as a child."""
    data = made().to_pandas()
    assert data["signup_date"].between("2021-01-01", "2026-06-30").all()
    orders = data.dropna(subset=["last_order"])
    assert (orders["last_order"] >= orders["signup_date"]).all()
    assert (orders["last_order"] < pd.Timestamp("2026-07-01")).all()
    born = data.dropna(subset=["birth_date"])
    assert (born["birth_date"] + pd.DateOffset(years=18) <= born["signup_date"]).all()


def test_rates_and_prices_are_those_asked_for() -> None:
    """Shares, missing values and the median of the spend come out as the parameters say."""
    data = made(rows=40_000).to_pandas()
    assert data["churned"].mean() == pytest.approx(0.18, abs=0.01)
    assert data["referral"].isna().mean() == pytest.approx(0.35, abs=0.01)
    assert (data["country"] == "DE").mean() == pytest.approx(0.18, abs=0.01)
    basic = data.loc[data["plan"] == "basic", "monthly_spend"]
    assert basic.median() == pytest.approx(24.90, rel=0.02)
    assert np.log(basic).std() == pytest.approx(0.45, rel=0.03)
    cents = data["monthly_spend"] * 100
    assert (abs(cents - cents.round()) < 1e-6).all()


def test_rates_of_none_and_all_are_exact() -> None:
    """A rate of 0 spares every row and a rate of 1 spares none, whatever the draw."""
    words = np.array([0, 2**64 - 1], dtype=np.uint64)
    params = parse_params(edited(churn_rate=0, error_rate=1), LISTS.countries)
    assert below(words, params.churn_rate).tolist() == [False, False]
    assert below(words, params.error_rate).tolist() == [True, True]


def test_choices_take_the_ends_of_the_draw() -> None:
    """The smallest and largest draws fall into the first and last option with a share."""
    params = parse_params(
        edited(plan_mix={"business": 1, "family": 1, "premium": 0}), LISTS.countries
    )
    shares = [params.plan_mix.get(name, params.churn_rate * 0) for name in PLANS]
    words = np.array([0, 2**63 - 1, 2**63, 2**64 - 1], dtype=np.uint64)
    assert [PLANS[i] for i in choices(words, shares)] == [
        "business",
        "business",
        "family",
        "family",
    ]


def test_no_normal_quantile_lies_near_a_rounding_boundary() -> None:
    """A libm that is off by far more than the last bit still gives the same table of quantiles."""
    rounded = normal_quantiles()
    cells = len(rounded) - 1
    for i in range(1, cells):
        exact = NormalDist().inv_cdf(i / cells) * 1e6
        assert 0.5 - abs(exact - rounded[i] * 1e6) > 1e-6  # in units of the sixth decimal


def test_the_dearest_allowed_parameters_do_not_overflow() -> None:
    """Largest median, spread and draw stay within 64 bits, lifetime value included."""
    params = parse_params(
        edited(spend={"median": MAX_MEDIAN, "spread": MAX_SPREAD}), LISTS.countries
    )
    table = spend_table(params.spend_median, params.spend_spread)
    top = from_table(table, np.array([2**64 - 1], dtype=np.uint64))
    exact = int(table[-2]) + ((int(table[-1]) - int(table[-2])) * 65_535 >> 16)
    assert top.tolist() == [exact]
    months = (LAST_END.year - 2017) * 13
    assert exact * int(PLAN_PERCENT.max()) // 100_000 * months * 125 < 2**63


def test_the_file_has_row_groups_of_bounded_size(tmp_path: Path) -> None:
    """The writer makes one batch after the other into one row group each: memory is bounded."""
    params = parse_params(edited(rows=2_500), LISTS.countries)
    live: list[int] = []
    write(tmp_path / "out.parquet", batches(params, LISTS, 1_000), live.append)
    metadata = pq.read_metadata(tmp_path / "out.parquet")
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sizes == live == [1_000, 1_000, 500]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_rows_are_made_when_asked_for() -> None:
    """The first of a hundred million rows cost one row group, not all of them."""
    params = parse_params(edited(rows=100_000_000), LISTS.countries)
    assert len(next(batches(params, LISTS, 10))) == 10


def test_no_rows_make_an_empty_file(tmp_path: Path) -> None:
    """No customers are a table with all columns and no row."""
    code, out = run(tmp_path, edited(rows=0))
    assert code == 0
    assert pq.read_table(out).equals(SCHEMA.empty_table())


def test_a_stopped_run_leaves_the_older_file(tmp_path: Path) -> None:
    """What breaks half-way replaces nothing and leaves nothing behind."""
    out = tmp_path / "out.parquet"
    out.write_bytes(b"older")
    params = parse_params(edited(), LISTS.countries)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(out, batches(params, LISTS, 1_000), stop)
    assert out.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [out]


def test_all_problems_are_listed_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each bad value is named by its path, with a close match where a name is unknown; exit 2."""
    document = edited(
        rows=-1,
        seed=True,
        start="2026-12-31",
        end="2026-01-01",
        country_mix={"DE": 1, "UK": 1},
        plan_mix={"basic": 0},
        churn_rate=1.5,
        missing_rate={"phone": "half", "birth_date": 0, "last_order": 0},
        spend={"median": 0, "spraed": 1},
        inject_errors="no",
        error_rate=float("nan"),
        chrun_rate=0.1,
    )
    code, out = run(tmp_path, document)
    said = capsys.readouterr().err
    assert code == 2
    assert not out.exists()
    for part in (
        "make.rows: must be",
        "make.seed: must be",
        "make.end: must be after make.start (2026-12-31)",
        "make.country_mix.UK: unknown",
        "make.plan_mix: needs at least one weight above 0",
        "make.churn_rate: must be a share from 0 to 1, but is 1.5",
        "make.missing_rate.phone: must be",
        "make.missing_rate.referral: is missing",
        "make.spend.median: must be",
        "make.spend.spraed: unknown; did you mean 'spread'?",
        "make.spend.spread: is missing",
        "make.inject_errors: must be true or false",
        "make.error_rate: must be",
        "make.chrun_rate: unknown; did you mean 'churn_rate'?",
    ):
        assert f"params.yaml: {part}" in said
    assert said.count("\n") == 15


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "make: is missing"),
        ({"make": {}}, "make.rows: is missing"),
        ({"make": 3}, "make: is 3; it must be a mapping"),
        (edited(spend={}), "make.spend.median: is missing"),
        (edited(spend=5), "make.spend: is 5; it must be a mapping of median, spread"),
        (edited(country_mix={}), "make.country_mix: needs at least one weight above 0"),
        (edited(country_mix={False: 1, "DE": 1}), "put it in quotes"),
        (edited(end="2026-02-30"), 'make.end: must be a date between "2018-01-01"'),
        (edited(start="1999-01-01"), "make.start: must be a date between"),
        (edited(churn_rate=True), "make.churn_rate: must be a share"),
    ],
)
def test_a_broken_section_is_said_once(document: Any, said: str) -> None:
    """A section that is missing, empty or of another kind is one clear problem."""
    assert said in "\n".join(problems(document))


@pytest.mark.parametrize("text", ["make: [", "\x00", "make: {rows: &a [*b]}"])
def test_what_is_not_yaml_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """An unreadable params.yaml is exit 2 and a sentence."""
    assert run(tmp_path, text)[0] == 2
    assert "params.yaml: is not valid YAML" in capsys.readouterr().err


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """Without params.yaml there is one problem, which says so."""
    with pytest.raises(ParamsError, match="cannot be read: No such file"):
        read_params(tmp_path / "params.yaml", LISTS.countries)


def test_quoted_and_plain_dates_are_the_same() -> None:
    """A date may stand in quotes or not."""
    plain = yaml.safe_load("2021-01-01")
    assert made(start=plain).equals(made(start="2021-01-01"))
