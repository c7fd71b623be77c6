"""What is asked for, and what the application's function says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """An approved change, as `docs/reference/executor-request.v1.schema.json` describes it."""

    document: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.document[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True)
class Done:
    """What the application's function did."""

    rows_affected: int = 1
    new_version: Any = None
