"""The component's one export, around a plain function.

Invariant: whatever the function raises, the call ends with an answer. Only what the runtime itself cannot survive (no
memory left, the stack overrun) is left to the runner.
"""

import datetime

import wit_world
from componentize_py_types import Err
from wit_world.imports import types

from . import log, surroundings
from .call import Call
from .change import Change
from .refusal import Misuse, Refusal
from .rule import the_rule
from .value import Value, as_timestamp, keep_decimals_exact
from .wire import received, sent


class WitWorld(wit_world.WitWorld):
    """The contract's world; the name is the toolchain's."""

    def propose(self, invocation: types.Invocation, row: list[types.Column]) -> types.Change:
        """One call of the handler's function."""
        try:
            return _decide(invocation, row)
        except Refusal as refusal:
            raise Err(types.Refusal(refusal.code, refusal.message)) from None
        except BaseException as error:
            raise Err(types.Refusal("HANDLER_EXCEPTION", f"the handler failed: {_words(error)}")) from None
        finally:
            surroundings.end_lines()


def _decide(invocation: types.Invocation, row: list[types.Column]) -> types.Change:
    keep_decimals_exact()
    change = the_rule()(_call(invocation), received("column `{}`", row))
    # The types say it is one; nothing else does.
    if not isinstance(change, Change):
        raise Misuse("a handler returns a `Change`, or calls `refuse`")
    return types.Change([types.Column(name, sent(value)) for name, value in change.columns.items()], change.line)


def _call(invocation: types.Invocation) -> Call:
    return Call(
        capability=invocation.capability,
        tenant=invocation.tenant,
        principal=invocation.principal,
        # The runner writes it in the contract's form.
        now=as_timestamp(Value("timestamp", invocation.now)) or datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
        arguments=received("argument `{}`", invocation.arguments),
        settings=received("setting `{}`", invocation.settings),
    )


def _words(error: BaseException) -> str:
    """An exception nobody caught. Its own message may hold values of the row, so that is for the operator's log alone."""
    name = type(error).__name__
    log.warn(f"uncaught {name}: {error} {_stack(error)}")
    # A late import's words are the import system's and hold a module's name.
    if isinstance(error, Misuse | ModuleNotFoundError):
        return str(error)
    return f"uncaught `{name}`; the log of the call has its message"


def _stack(error: BaseException) -> str:
    """Where it was raised, innermost first. The source is not there to be quoted."""
    places = []
    trace = error.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        places.append(f"at {code.co_name} ({code.co_filename.rpartition('/')[2]}:{trace.tb_lineno})")
        trace = trace.tb_next
    return " < ".join(reversed(places))
