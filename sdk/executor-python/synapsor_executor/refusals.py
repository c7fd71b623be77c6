"""The ways to say no."""

from __future__ import annotations


class Conflict(Exception):
    """The row is not the reviewed one; nothing changes."""

    def __init__(self, code: str = "ROW_CHANGED", changed_columns: list[str] | None = None):
        super().__init__(code)
        self.code, self.changed_columns = code, changed_columns or []


class Failed(Exception):
    """A rule of the application says no; nothing changes."""

    status = 422

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class TooLate(Failed):
    """The time of the request ran out before COMMIT; nothing changes."""

    status = 408

    def __init__(self) -> None:
        super().__init__("TOO_LATE")


class TurnedAway(Exception):
    """The request is not taken at all."""

    def __init__(self, status: int, code: str):
        super().__init__(code)
        self.status, self.code = status, code
