"""The answer "no", and the mistakes of a handler that this package can name."""

from typing import NoReturn


class Refusal(Exception):
    """A business "no", raised. Both texts are shown to the agent, so they must not say more than it may know."""

    def __init__(self, code: str, message: str) -> None:
        """`code` is stable and for programs: `SCREAMING_SNAKE`, at most 64 characters. `message` is for people, at most
        500 characters."""
        super().__init__(code, message)
        self.code = code
        self.message = message


def refuse(code: str, message: str) -> NoReturn:
    """Answers no: `refuse("NOTHING_TO_WAIVE", "the invoice has no late fee")` ends the call."""
    raise Refusal(code, message)


class Misuse(OSError, RuntimeError):
    """A mistake in the handler's code. Its words are fixed and hold no value of a row, so anybody may see them.

    It is an `OSError` too, because that is what a program expects of files, randomness and sockets that are not there.
    """
