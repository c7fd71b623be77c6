"""What an approved change does here. Yours to write; everything runs in one transaction with the receipt, and nothing of it
stays where that cannot end before the request's `not_after`.

The row of the request is locked and is the reviewed one when this is called. Raise `Failed("CODE")` where a rule says no:
nothing is kept, and an operator may have it tried again.
"""

import os

from database import ENGINE, connect
from synapsor_executor import Done, Executor, Failed, update


def change(cursor, request):
    if not request.patch:
        raise Failed("NOTHING_TO_CHANGE")
    # The approved patch, as the runner itself would write it. Inserts, events and other rows go beside it, on the same cursor.
    update(cursor, request)
    return Done(rows_affected=1)


def executor():
    keys = {"current": os.environ.get("EXECUTOR_SECRET"), "next": os.environ.get("EXECUTOR_NEXT_SECRET")}
    return Executor(
        engine=ENGINE,
        connect=connect,
        change=change,
        keys={name: secret for name, secret in keys.items() if secret},
        token=os.environ.get("EXECUTOR_TOKEN") or None,
    )
