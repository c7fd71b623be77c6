"""Which function is the handler of this component."""

from collections.abc import Callable

from .call import Call
from .change import Change
from .columns import Columns
from .refusal import Misuse

Propose = Callable[[Call, Columns], Change]
"""The business rule: what to change on the row. A "no" is `refuse(code, message)`."""

_rules: list[Propose] = []


def handler(rule: Propose) -> Propose:
    """Makes a function the handler of this component. It stays the function it was."""
    if _rules:
        raise Misuse("a component has one handler, and `@handler` stands at two functions")
    _rules.append(rule)
    return rule


def the_rule() -> Propose:
    """The one function that `@handler` stands at."""
    if not _rules:
        raise Misuse("no function is the handler: write `@handler` above it")
    return _rules[0]
