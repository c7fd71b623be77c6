"""What a Python handler is written with: typed access to the call and the row, a builder for the change, and the
contract's two imports.

A handler decides one call of one proposal capability. It is a pure function of what it is given and what its declared
reads return; there is no clock, no randomness and no file behind this package.

Absent on purpose: floats for database values. An integer is an `int`, a fraction a `decimal.Decimal`.
"""

from . import log, reads
from .call import Call
from .change import Change
from .columns import Columns
from .refusal import Misuse, Refusal, refuse
from .rule import handler
from .value import Scalar, Value

__all__ = [
    "Call", "Change", "Columns", "Misuse", "Refusal", "Scalar", "Value", "handler", "log", "reads", "refuse",
]
