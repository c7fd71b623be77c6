"""Further rows, from reads that the manifest declares and the config grants.

Every read is scoped to the call's tenant by the runner, recorded, and counted against the call's limits.
"""

from componentize_py_types import Err
from wit_world.imports import reads, types
from wit_world.imports.reads import ReadError

from .columns import Columns
from .refusal import Refusal
from .value import Scalar, to_value
from .wire import received, sent


def get(read: str, key: Scalar) -> Columns | None:
    """The row of a declared read that has this key. `None` where there is none, or it is another tenant's."""
    try:
        row = reads.get(read, sent(to_value(key)))
    except Err as error:
        raise _refused(read, error.value) from None
    return None if row is None else received(_place(read), row)


def find(read: str, **filters: Scalar) -> list[Columns]:
    """The rows of a declared read whose columns equal every filter, in key order.

    The runner stops at the read's row limit without saying so: a handler that counts rows compares their number with the
    `rows_max` of its manifest, and refuses when it is reached.
    """
    wanted = [types.Column(name, sent(to_value(value))) for name, value in filters.items()]
    try:
        rows = reads.find(read, wanted)
    except Err as error:
        raise _refused(read, error.value) from None
    return [received(_place(read), row) for row in rows]


def _place(read: str) -> str:
    return f"column `{{}}` of read `{read}`"


def _refused(read: str, error: ReadError) -> Refusal:
    match error:
        case ReadError.NOT_DECLARED:
            return Refusal("READ_NOT_DECLARED", f"read `{read}`, or one of its filters, is not granted")
        case ReadError.LIMIT_REACHED:
            return Refusal("READ_LIMIT_REACHED", f"read `{read}` is past the limits of the call")
        case _:
            # The runner ends such a call as a failure to repeat, whatever is answered.
            return Refusal("READ_UNAVAILABLE", f"read `{read}` could not be answered")
