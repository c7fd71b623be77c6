"""What an approved change does here. Yours to write; everything runs in one transaction with the receipt.

The row of the request is locked and is the reviewed one when this is called. Raise `Failed("CODE")` where a rule says no:
nothing is kept, and an operator may have it tried again.
"""

import os

import psycopg

from synapsor_executor import Done, Executor, Failed, quoted


def connect():
    return psycopg.connect(os.environ["APP_DATABASE_URL"])


def change(cursor, request):
    if not set(request.patch) <= set(request.allowed_columns):
        raise Failed("COLUMN_NOT_ALLOWED")
    target, guard = request.target, request.guard
    assignments = [f"{quoted(column)} = %s" for column in request.patch]
    # Moves the version where the config leaves that to whoever applies.
    if guard["kind"] == "version" and guard["advance"] == "increment":
        assignments.append(f"{quoted(guard['column'])} = {quoted(guard['column'])} + 1")
    if guard["kind"] == "version" and guard["advance"] == "now":
        assignments.append(f"{quoted(guard['column'])} = clock_timestamp()")
    cursor.execute(
        f"UPDATE {quoted(target['schema'])}.{quoted(target['table'])} SET {', '.join(assignments)}"
        f" WHERE {quoted(target['key_column'])}::text = %s",
        (*request.patch.values(), str(target["key"])),
    )
    if cursor.rowcount != 1:
        raise Failed("NOT_ONE_ROW")
    return Done(rows_affected=1)


def executor():
    keys = {"current": os.environ.get("EXECUTOR_SECRET"), "next": os.environ.get("EXECUTOR_NEXT_SECRET")}
    return Executor(
        connect=connect,
        change=change,
        keys={name: secret for name, secret in keys.items() if secret},
        token=os.environ.get("EXECUTOR_TOKEN") or None,
    )
