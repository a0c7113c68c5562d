"""What requests and responses have in common: headers in any letter case, and a body."""

from __future__ import annotations

import dataclasses
import json
from typing import Any


class Message:
    """Headers and a body."""

    __slots__ = ("_body", "_lower")

    _body: bytes | None
    _lower: dict[str, list[str]] | None

    @property
    def headers(self) -> dict[str, list[str]]:
        """Every field with its values."""
        raise NotImplementedError

    def header(self, name: str) -> str | None:
        """The first value of a field."""
        values = self._fields().get(name.lower())
        return values[0] if values else None

    def get_header(self, name: str) -> str | None:
        """The same as `header`."""
        return self.header(name)

    def header_all(self, name: str) -> list[str]:
        """Every value of a field."""
        return list(self._fields().get(name.lower(), ()))

    def has_header(self, name: str) -> bool:
        """Whether there is such a field."""
        return name.lower() in self._fields()

    @property
    def content_type(self) -> str | None:
        return self.header("content-type")

    @property
    def content_length(self) -> int | None:
        """The stated length; nothing if it is no number."""
        stated = self.header("content-length")
        return int(stated) if stated is not None and stated.isascii() and stated.isdigit() else None

    def is_json(self) -> bool:
        """Whether the content type says JSON."""
        return "json" in (self.content_type or "").lower()

    @property
    def body(self) -> bytes:
        """The body; empty where it is not there, or not there yet."""
        return self._body or b""

    @property
    def body_str(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def body_json(self, type_: type | None = None) -> Any:
        """The body as JSON, as a dataclass or pydantic model if one is named."""
        value = json.loads(self.body)
        return value if type_ is None else make(type_, value)

    def _fields(self) -> dict[str, list[str]]:
        if self._lower is None:
            fields: dict[str, list[str]] = {}
            for name, values in self.headers.items():
                fields.setdefault(name.lower(), []).extend(values)
            self._lower = fields
        return self._lower


def make(type_: type, value: Any) -> Any:
    """A dataclass or pydantic model out of JSON."""
    if hasattr(type_, "model_validate"):
        return type_.model_validate(value)
    if dataclasses.is_dataclass(type_):
        return type_(**value)
    if isinstance(value, type_):
        return value
    raise TypeError(f"cannot make a {type_.__name__}: expected a dataclass or a pydantic model")
