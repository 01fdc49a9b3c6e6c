"""What the names of columns suggest: personal data, and keys. Guesses, which users correct."""

from __future__ import annotations

import re
from itertools import pairwise

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")
_PERSONAL = frozenset(
    {
        "email", "mail", "phone", "telephone", "mobile", "fax", "surname", "forename", "firstname",
        "lastname", "fullname", "username", "login", "password", "address", "street", "passport",
        "iban", "ssn", "birthday", "birthdate", "dob", "ip",
    }
)  # fmt: skip
"""Words that suggest a person anywhere in a name."""
_PERSONAL_PAIRS = frozenset(
    {
        ("first", "name"), ("last", "name"), ("full", "name"), ("middle", "name"),
        ("maiden", "name"), ("family", "name"), ("given", "name"), ("user", "name"),
        ("nick", "name"), ("customer", "name"), ("person", "name"), ("patient", "name"),
        ("client", "name"), ("contact", "name"), ("employee", "name"), ("owner", "name"),
        ("birth", "date"), ("date", "birth"), ("social", "security"), ("credit", "card"),
        ("card", "number"), ("tax", "id"), ("national", "id"), ("e", "mail"),
    }
)  # fmt: skip
_KEYS = frozenset({"id", "uuid", "guid", "key", "pk", "sku", "isbn"})
_CODES = frozenset(
    {
        "iata", "icao", "symbol", "ticker", "isin", "cusip", "figi", "lei", "ean", "gtin", "upc",
        "issn", "doi", "vin", "fips", "iso", "iso2", "iso3", "unlocode", "geonameid", "slug",
        "code",
    }
)  # fmt: skip
"""Identifiers that a standard or a market gives."""
OWN = 1
"""The rank up to which a name says that the column is its own table's id."""
_TIMES = frozenset({"date", "day", "week", "month", "year", "time", "timestamp", "datetime"})


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case.

    >>> words("customerID"), words("first_name"), words("E-Mail 2")
    (('customer', 'id'), ('first', 'name'), ('e', 'mail', '2'))
    """
    return tuple(word.lower() for word in _WORD.findall(name))


def personal(name: str) -> bool:
    """The values may be about a person who could be found by them.

    >>> [personal(n) for n in ("email", "First Name", "name", "product_name", "date_of_birth")]
    [True, True, True, False, True]
    """
    found = tuple(word for word in words(name) if word != "of")
    return (
        found in {("name",), ("names",)}
        or not _PERSONAL.isdisjoint(found)
        or any(pair in _PERSONAL_PAIRS for pair in pairwise(found))
    )


def key_rank(name: str, dataset: str) -> int | None:
    """How much a name looks like a key's, 0 the most; None: not at all.

    >>> [key_rank(n, "orders") for n in ("id", "order_id", "customerId", "iata", "amount", "valid")]
    [0, 1, 2, 3, None, None]
    """
    found = words(name)
    ends = {found[0], found[-1]} if found else set()
    if _KEYS.isdisjoint(ends):
        return None if _CODES.isdisjoint(ends) else 3
    if len(found) == 1:
        return 0
    return 1 if _own(dataset) & set(found) else 2


def _own(dataset: str) -> set[str]:
    """What a dataset calls one of its rows."""
    named = {dataset.lower(), *words(dataset)[-1:]}
    singular = {name.removesuffix("s") for name in named}
    return named | singular | {f"{n.removesuffix('ies')}y" for n in named if n.endswith("ies")}


def is_time_name(name: str) -> bool:
    """A name of a date or time, which makes a key together with an id.

    >>> moment("order_date"), moment("update")
    (True, False)
    """
    return not _TIMES.isdisjoint(words(name))
