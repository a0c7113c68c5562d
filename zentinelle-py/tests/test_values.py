"""Whatever a dict, a dataclass or a model can hold goes in, and a bad value says where."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import uuid
from collections import OrderedDict, deque, namedtuple
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, ClassVar

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zentinelle_agent import Engine, RequestError

ENGINE = Engine.from_policies([], no_policy="permit")


def echo(context: Any) -> Any:
    """The context as the engine holds it."""
    return ENGINE.decide("a", context=context).context


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Inner:
    amount: Decimal
    kind: ClassVar[str] = "not a field"


@dataclasses.dataclass
class Outer:
    inner: Inner
    tags: list[str]


Point = namedtuple("Point", "x y")


def test_values_of_the_standard_library_are_read_by_their_meaning() -> None:
    at = datetime(2026, 3, 11, 12, tzinfo=timezone.utc)
    ident = uuid.UUID(int=7)
    given_ = {
        "decimal": Decimal("1.5"),
        "whole": Decimal("1E+3"),
        "enum": Color.RED,
        "level": Level.HIGH,
        "uuid": ident,
        "at": at,
        "day": date(2026, 3, 11),
        "span": timedelta(seconds=90),
        "path": PurePosixPath("/srv/a"),
        "tuple": (1, 2),
        "set": {"b", "a"},
        "deque": deque([1]),
        "proxy": MappingProxyType({"a": 1}),
        "ordered": OrderedDict(b=1),
        "point": Point(1, 2),
        7: "key",
        Color.RED: "key of an enum",
        "big": 2**64 - 1,
        "bigger": 2**64,
        "data": Outer(Inner(Decimal("0.1")), ["x"]),
        "none": None,
    }
    assert echo(given_) == {
        "decimal": 1.5,
        "whole": 1000,
        "enum": "red",
        "level": 3,
        "uuid": str(ident),
        "at": at.isoformat(),
        "day": "2026-03-11",
        "span": 90.0,
        "path": "/srv/a",
        "tuple": [1, 2],
        "set": ["a", "b"],
        "deque": [1],
        "proxy": {"a": 1},
        "ordered": {"b": 1},
        "point": [1, 2],
        "7": "key",
        "red": "key of an enum",
        "big": 2**64 - 1,
        "bigger": float(2**64),
        "data": {"inner": {"amount": 0.1}, "tags": ["x"]},
        "none": None,
    }


def test_a_pydantic_model_goes_in_whole() -> None:
    class Line(pydantic.BaseModel):
        price: Decimal

    class Order(pydantic.BaseModel):
        lines: list[Line]
        at: datetime | None = None

    assert echo(Order(lines=[Line(price=Decimal("2.50"))])) == {"lines": [{"price": 2.5}], "at": None}
    assert echo({"order": Order(lines=[])}) == {"order": {"lines": [], "at": None}}


@pytest.mark.parametrize(
    ("context", "code", "pointer"),
    [
        ({"a": [1, {"b/c": math.nan}]}, "value.not_finite", "/context/a/1/b~1c"),
        ({"a": math.inf}, "value.not_finite", "/context/a"),
        ({"a": Decimal("NaN")}, "value.not_finite", "/context/a"),
        ({"a": 10**400}, "value.not_finite", "/context/a"),
        ({"a": b"x"}, "value.bytes", "/context/a"),
        ({"a": {"b": object()}}, "value.not_json", "/context/a/b"),
        ({"a": Outer(Inner(object()), [])}, "value.not_json", "/context/a/inner/amount"),  # type: ignore[arg-type]
        ({(1, 2): 3}, "value.bad_key", "/context"),
        ({1: "a", "1": "b"}, "value.duplicate_key", "/context"),
        ({"a": "\ud800"}, "value.not_text", "/context/a"),
        ([1], "value.wrong_type", "/context"),
    ],
)
def test_a_bad_value_says_where_it_stands(context: Any, code: str, pointer: str) -> None:
    with pytest.raises(RequestError) as refused:
        ENGINE.decide("a", context=context)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)
    assert refused.value.help


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    with pytest.raises(RequestError) as refused:
        echo(loop)
    assert refused.value.code == "value.too_deep"


def test_what_a_value_raises_of_its_own_is_raised() -> None:
    class Sour:
        def model_dump(self) -> Any:
            raise KeyError("of its own")

    with pytest.raises(KeyError, match="of its own"):
        echo({"a": Sour()})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=8))
def test_json_comes_back_as_it_went_in(context: dict[str, Any]) -> None:
    decision = ENGINE.decide("a", context=context)
    assert decision.context == context
    assert json.loads(decision.to_json())["context"] == context


@settings(max_examples=200, deadline=None)
@given(st.text(), st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()))
def test_any_text_may_name_an_action_a_user_and_a_tool(action: str, user: str | None, tool: str | None) -> None:
    try:
        ENGINE.decide(action, user=user, tool=tool)
    except RequestError as refused:
        assert refused.code == "request.missing_action" and not action.strip()
