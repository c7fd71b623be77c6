"""Tries in a component what this package promises; the cases are those of `sdk/trials` and the ones beside this file."""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from synapsor_handler import Call, Change, Columns, handler


@handler
def propose(call: Call, row: Columns) -> Change:
    return TRIALS[call.arguments.text("trial")](call, row)


def same(call: Call, row: Columns) -> Change:
    change = Change()
    for name in ("largest", "smallest"):
        change.set(name, row.integer(name))
    for name in ("moment", "local"):
        change.set(name, row.timestamp(name))
    for name in ("id", "document", "absent"):
        change.set(name, row.get(name))
    change.set("amount", row.decimal("amount")).set("note", row.text("note")).set("day", row.day("day"))
    return change.set("raw", row.bytes("raw")).set("active", row.boolean("active"))


def sums(call: Call, row: Columns) -> Change:
    sign = row.text("note")[-1]
    return (
        Change()
        .set("largest", row.integer("largest") - 1)
        .set("smallest", row.integer("smallest") + 1)
        .set("amount", row.decimal("amount") + Decimal("0.25"))
        .set("note", f"{sign} {row.day('day').month * 6}")
        .set("day", call.today())
        .summary(f"{(row.day('day') + timedelta(days=1) - row.day('day')).days} day later: {sign}")
    )


def clock(call: Call, row: Columns) -> Change:
    time.time()
    return Change().set("moment", datetime.now())


def randomness(call: Call, row: Columns) -> Change:
    return Change().set("largest", random.randint(0, 9))


def exception(call: Call, row: Columns) -> Change:
    raise TypeError(f"unexpected {row.text('note')}")


def nothing(call: Call, row: Columns) -> Change:
    return None  # type: ignore[return-value]


def prints(call: Call, row: Columns) -> Change:
    print("a line", row.text("note"))
    print("no end of line", end="")
    return Change().set("active", False)


def missing(call: Call, row: Columns) -> Change:
    return Change().set("note", call.arguments.text("absent"))


def mistyped(call: Call, row: Columns) -> Change:
    return Change().set("largest", row.integer("note"))


def late_import(call: Call, row: Columns) -> Change:
    import colorsys

    return Change().set("note", colorsys.__name__)


def file(call: Call, row: Columns) -> Change:
    return Change().set("note", open("/etc/hostname").read())


def thread(call: Call, row: Columns) -> Change:
    threading.Thread(target=print).start()
    return Change()


def inexact(call: Call, row: Columns) -> Change:
    return Change().set("amount", 0.5)  # type: ignore[arg-type]


def recursion(call: Call, row: Columns) -> Change:
    return recursion(call, row).set("active", True)


TRIALS: dict[str, Callable[[Call, Columns], Change]] = {
    "same": same, "sums": sums, "clock": clock, "randomness": randomness, "exception": exception, "nothing": nothing,
    "print": prints, "missing": missing, "type": mistyped, "import": late_import, "file": file, "thread": thread,
    "float": inexact, "recursion": recursion,
}
