"""Customers as columns: a pure function of (parameters, names, first row, number of rows).

Belongs here: what each column means and which stream it is drawn from. Does not: files
(`make_tabular_data.py`) and the arithmetic of draws (`draws.py`).

Each column has a stream of its own, and each nullable column another one for its gaps. So a
changed parameter reaches only the columns that depend on it, and of these only the rows it moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from customers.draws import below, choices, draws, from_table, halves, scaled
from customers.names import ADDRESS_FORMS, NameList, Names
from customers.params import PLANS, MakeParams

if TYPE_CHECKING:
    from customers.draws import Ints, Mask, Words

# Dates are timestamps at midnight: Parquet's own dates reach pandas as Python objects.
TIME = pa.timestamp("us")
SCHEMA = pa.schema(
    {
        "customer_id": pa.int64(),
        "first_name": pa.string(),
        "last_name": pa.string(),
        "email": pa.string(),
        "phone": pa.string(),
        "country": pa.string(),
        "birth_date": TIME,
        "signup_date": TIME,
        "last_order": TIME,  # UTC, to the second
        "plan": pa.string(),
        "monthly_spend": pa.float64(),
        "lifetime_value": pa.float64(),
        "churned": pa.bool_(),
        "referral": pa.string(),
    }
)

# Price of a plan relative to `basic`, in percent, in the order of PLANS.
PLAN_PERCENT = np.array([100, 700, 180, 260], dtype=np.int64)
# Repeated entries are drawn more often.
REFERRALS = pa.array(["search", "friend", "search", "advert", "friend", "partner", "event"])
# The top-level domain is reserved for examples (RFC 2606): no address reaches anybody.
DOMAINS = ("mail.example", "inbox.example", "post.example", "web-mail.example")
# An address ends in one of these; the second half is malformed.
_ADDRESS_TAILS = pa.array([f"{at}{name}" for at in ("@", " at ") for name in DOMAINS])
UNKNOWN_COUNTRY = "XX"
ERROR_KINDS = (
    "negative_spend",
    "malformed_email",
    "duplicate_id",
    "unknown_country",
    "missing_last_name",
    "future_signup",
)

_SECOND, _DAY = 1_000_000, 86_400_000_000  # in microseconds
_CENTURY = 36_525  # days, by which a date in the future is wrong
# Everybody is of age at the earliest sign-up (`FIRST_START`).
_BORN_FIRST, _BORN_LAST = np.datetime64("1936-01-01"), np.datetime64("1999-12-31")
_MONTH = 30  # days


def _times(microseconds: Ints, missing: Mask | None = None) -> pa.Array:
    return pa.array(microseconds, mask=missing).cast(TIME)


def _euros(cents: Ints) -> pa.Array:
    # Division is correctly rounded in IEEE 754, so a cent amount has one float everywhere.
    return pa.array(cents / 100.0)


def _day_number(date: Any) -> int:
    return int(np.datetime64(date, "D").astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class Customers:
    """A run of consecutive customers; each column is made when asked for."""

    params: MakeParams
    names: Names
    spend: Ints  # `spend_table` of the parameters
    first: int
    rows: int

    def batch(self) -> pa.RecordBatch:
        """Return all columns, in the order of SCHEMA."""
        arrays = [getattr(self, name)().cast(SCHEMA.field(name).type) for name in SCHEMA.names]
        return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)

    def customer_id(self) -> pa.Array:
        """Return ids: row numbers from 1."""
        ids = np.arange(self.first + 1, self.first + self.rows + 1, dtype=np.int64)
        # A duplicate takes the id of the customer before; the first has nobody before it.
        return pa.array(np.maximum(ids - self._bad("duplicate_id"), 1))

    def first_name(self) -> pa.Array:
        """Return first names of the customer's country."""
        return self.names.first.names.take(pa.array(self._first_name))

    def last_name(self) -> pa.Array:
        """Return last names of the customer's country."""
        return self.names.last.names.take(
            pa.array(self._last_name, mask=self._bad("missing_last_name"))
        )

    def email(self) -> pa.Array:
        """Return addresses that fit the name and are unique: the number is the customer's own."""
        form, domain = halves(self._words("email"))
        start = self._first_name * ADDRESS_FORMS + scaled(form, ADDRESS_FORMS)
        tail = scaled(domain, len(DOMAINS)) + self._bad("malformed_email") * len(DOMAINS)
        number = np.arange(self.first + 1, self.first + self.rows + 1, dtype=np.int64)
        return pc.binary_join_element_wise(
            self.names.address_starts.take(pa.array(start)),
            self.names.address_ends.take(pa.array(self._last_name)),
            pa.array(number).cast(pa.string()),
            _ADDRESS_TAILS.take(pa.array(tail)),
            "",
        )

    def phone(self) -> pa.Array:
        """Return phone numbers of the customer's country that ring nowhere."""
        number = scaled(halves(self._words("phone"))[0], 10_000_000)
        prefix = pa.array(self._country, mask=self._missing("phone"))
        return pc.binary_join_element_wise(
            self.names.phone_prefixes.take(prefix),
            pc.utf8_lpad(pa.array(number).cast(pa.string()), 7, "0"),
            "",
        )

    def country(self) -> pa.Array:
        """Return ISO 3166 codes."""
        codes = pa.array([*self.names.countries, UNKNOWN_COUNTRY])
        unknown = len(self.names.countries)
        return codes.take(pa.array(np.where(self._bad("unknown_country"), unknown, self._country)))

    def birth_date(self) -> pa.Array:
        """Return days of birth, the middle of the range more often than its ends."""
        one, two = halves(self._words("birth_date"))
        day = _day_number(_BORN_FIRST) + scaled(
            (one + two) >> 1, _day_number(_BORN_LAST) - _day_number(_BORN_FIRST) + 1
        )
        return _times(day * _DAY, self._missing("birth_date"))

    def signup_date(self) -> pa.Array:
        """Return days of sign-up."""
        return _times((self._signup + self._bad("future_signup") * _CENTURY) * _DAY)

    def last_order(self) -> pa.Array:
        """Return the time of the last order, between sign-up and end, recent ones more often."""
        one, two = halves(self._words("last_order"))
        open_seconds = (_day_number(self.params.end) + 1 - self._signup) * (_DAY // _SECOND)
        ago = scaled(np.minimum(one, two), open_seconds)
        order = self._signup * (_DAY // _SECOND) + open_seconds - 1 - ago
        return _times(order * _SECOND, self._missing("last_order"))

    def plan(self) -> pa.Array:
        """Return the plans."""
        return pa.array(PLANS).take(pa.array(self._plan))

    def monthly_spend(self) -> pa.Array:
        """Return euros a month: log-normal, times what the plan costs."""
        return _euros(np.where(self._bad("negative_spend"), -1 - self._cents, self._cents))

    def lifetime_value(self) -> pa.Array:
        """Return what the customer has paid: months since sign-up, give or take a quarter."""
        months = 1 + (_day_number(self.params.end) - self._signup) // _MONTH
        percent = 75 + scaled(halves(self._words("lifetime_value"))[0], 51)
        return _euros(self._cents * months * percent // 100)

    def churned(self) -> pa.Array:
        """Return who has left."""
        return pa.array(below(self._words("churned"), self.params.churn_rate))

    def referral(self) -> pa.Array:
        """Return where the customer came from."""
        choice = scaled(halves(self._words("referral"))[0], len(REFERRALS))
        return REFERRALS.take(pa.array(choice, mask=self._missing("referral")))

    def _words(self, stream: str) -> Words:
        return draws(self.params.seed, stream, self.first, self.rows)

    def _missing(self, column: str) -> Mask:
        return below(self._words(f"missing:{column}"), self.params.missing_rate[column])

    def _bad(self, kind: str) -> Mask:
        """Return the rows in which an error of this kind is injected; a row has one at most."""
        if not self.params.inject_errors:
            return np.zeros(self.rows, dtype=np.bool_)
        result: Mask = self._errors == ERROR_KINDS.index(kind)
        return result

    def _named(self, stream: str, names: NameList) -> Ints:
        """Return positions of names of each row's country, earlier ones more often."""
        draw = np.minimum(*halves(self._words(stream)))
        return names.start[self._country] + scaled(draw, names.size[self._country])

    @cached_property
    def _errors(self) -> Ints:
        kind = scaled(halves(self._words("error kind"))[0], len(ERROR_KINDS))
        return np.where(below(self._words("error"), self.params.error_rate), kind, -1)

    @cached_property
    def _country(self) -> Ints:
        # In an order of our own: DVC takes reordered parameters for unchanged ones.
        mix = self.params.country_mix
        return choices(
            self._words("country"), [mix.get(name, Fraction(0)) for name in self.names.countries]
        )

    @cached_property
    def _plan(self) -> Ints:
        mix = self.params.plan_mix
        return choices(self._words("plan"), [mix.get(name, Fraction(0)) for name in PLANS])

    @cached_property
    def _first_name(self) -> Ints:
        return self._named("first_name", self.names.first)

    @cached_property
    def _last_name(self) -> Ints:
        return self._named("last_name", self.names.last)

    @cached_property
    def _signup(self) -> Ints:
        """Return sign-up days since 1970, later ones more often: the business grows."""
        start, end = _day_number(self.params.start), _day_number(self.params.end)
        draw = np.maximum(*halves(self._words("signup_date")))
        return start + scaled(draw, end - start + 1)

    @cached_property
    def _cents(self) -> Ints:
        """Return the monthly spend without injected errors, in cents."""
        price = from_table(self.spend, self._words("monthly_spend"))
        result: Ints = price * PLAN_PERCENT[self._plan] // 100_000
        return result
