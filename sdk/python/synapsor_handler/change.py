"""The answer "yes": which columns to change on the one target row, and why in a line."""

from dataclasses import dataclass, field
from typing import Self

from .value import Scalar, Value, to_value


@dataclass(slots=True)
class Change:
    """New values by column. The runner still checks each against the capability's allowed columns, bounds and transitions."""

    columns: dict[str, Value] = field(default_factory=dict)
    line: str | None = None

    def set(self, column: str, value: Scalar) -> Self:
        """Sets a column. A column set twice keeps the later value; `None` is SQL NULL."""
        exact = to_value(value)
        self.columns.pop(column, None)
        self.columns[column] = exact
        return self

    def summary(self, line: str) -> Self:
        """One line for the person who decides, at most 500 characters."""
        self.line = line
        return self
