"""What is not taken, and what a database is asked, without one: `python3 -m unittest` in this folder."""

import hashlib
import hmac
import json
import pathlib
import unittest
from datetime import datetime, timedelta, timezone

from synapsor_executor import Executor, mariadb, postgres, update

SECRET, NEXT = "0" * 32, "1" * 32
GOLDEN = pathlib.Path(__file__).parents[2] / "fixtures/protocol/executor-request.v1.json"
NOW = datetime(2026, 6, 20, 14, 36, 9, tzinfo=timezone.utc)


def signed(body, secret=SECRET, key="current", which=""):
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {f"X-Synapsor-{which}Key-Id": key, f"X-Synapsor-{which}Signature": signature}


def unreachable():
    raise AssertionError("the database is asked only for what was verified")


def executor(**over):
    settings = dict(connect=unreachable, change=None, keys={"current": SECRET}, now=lambda: NOW)
    return Executor(**{**settings, **over})


class Verified(unittest.TestCase):
    def setUp(self):
        self.body = GOLDEN.read_bytes()

    def refused(self, status, code, headers, body=None, **over):
        answered, said = executor(**over).over_http(headers, self.body if body is None else body)
        self.assertEqual((answered, json.loads(said)), (status, {"error": code}))

    def test_only_what_one_of_the_keys_signed_reaches_the_database(self):
        self.refused(401, "INVALID_SIGNATURE", {})
        self.refused(401, "INVALID_SIGNATURE", signed(self.body, NEXT))
        self.refused(401, "INVALID_SIGNATURE", signed(self.body, key="other"))
        self.refused(401, "INVALID_SIGNATURE", signed(self.body), self.body + b" ")
        # Verified: the database is asked, and is not there.
        self.refused(500, "EXCEPTION", signed(self.body))
        self.refused(500, "EXCEPTION", signed(self.body, NEXT, "next", "Next-"), keys={"next": NEXT})

    def test_a_token_is_asked_for_where_there_is_one(self):
        self.refused(401, "UNAUTHORIZED", signed(self.body), token="t")
        self.refused(500, "EXCEPTION", {**signed(self.body), "Authorization": "Bearer t"}, token="t")

    def test_nothing_is_taken_without_a_secret_and_a_short_one_is_none(self):
        self.refused(500, "NO_SECRET_CONFIGURED", {}, keys={})
        with self.assertRaises(ValueError):
            executor(keys={"current": "hunter2"})

    def test_an_old_a_late_and_a_malformed_request_are_turned_away(self):
        self.refused(401, "INVALID_ISSUED_AT", signed(self.body), now=lambda: NOW + timedelta(minutes=6))
        self.refused(408, "TOO_LATE", signed(self.body), now=lambda: NOW + timedelta(minutes=1))
        for body in (b"", b"[]", b"{}", b'"x"', b"\xff"):
            self.refused(400, "BAD_REQUEST", signed(body), body)
        other = json.dumps({**json.loads(self.body), "schema_version": "synapsor.executor-request.v9"}).encode()
        self.refused(400, "UNSUPPORTED_SCHEMA_VERSION", signed(other), other)
        other = json.dumps({**json.loads(self.body), "purpose": "anything"}).encode()
        self.refused(400, "UNSUPPORTED_PURPOSE", signed(other), other)
        large = b" " * (1024 * 1024 + 1)
        self.refused(413, "BODY_TOO_LARGE", signed(large), large)

    def test_a_name_is_quoted_wherever_it_stands(self):
        self.assertIn('"a""; DROP %%"', postgres.same('a"; DROP %', "text"))
        self.assertIn("`a``; DROP %%`", mariadb.same("a`; DROP %", mariadb.Kind("varchar")))


class Database:
    """Says yes to everything, and remembers what it was asked."""

    def __init__(self, answers, raises):
        self.answers, self.raises, self.asked, self.rowcount = answers, raises, [], 1

    def cursor(self):
        return self

    def execute(self, sql, values=None):
        self.asked.append(sql)
        for part, raised in self.raises.items():
            if part in sql:
                raise raised
        self.rows = next((rows for part, rows in self.answers.items() if part in sql), [])

    def fetchall(self):
        return self.rows

    def fetchone(self):
        return self.rows[0] if self.rows else None

    def commit(self):
        self.asked.append("COMMIT")

    def rollback(self):
        self.asked.append("ROLLBACK")

    def close(self):
        pass


class DriverError(Exception):
    sqlstate = None


COLUMNS = sorted(json.loads(GOLDEN.read_bytes())["before"])
ENGINES = {
    "postgres": {"pg_attribute": [(name, "text") for name in COLUMNS]},
    "mysql": {
        "information_schema": [(name, "varchar", None, "YES") for name in COLUMNS],
        "@@character_set_client": [("utf8mb4",)],
    },
}
IS_SAME = {"postgres": "IS NOT DISTINCT FROM", "mysql": "<=>"}


def late(engine):
    raised = DriverError(1969, "the server's words") if engine == "mysql" else DriverError("the server's words")
    raised.sqlstate = "57014" if engine == "postgres" else None
    return raised


class OnAnEngine(unittest.TestCase):
    def answered(self, asked_for, answers=None, raises=None, **over):
        request = json.loads(GOLDEN.read_bytes())
        request["target"]["engine"] = asked_for
        body = json.dumps(request).encode()
        as_reviewed = {IS_SAME[asked_for]: [(True,) * len(COLUMNS)]}
        database = Database({**ENGINES[asked_for], **as_reviewed, **(answers or {})}, raises or {})
        settings = dict(connect=lambda: database, change=lambda *_: None, engine=asked_for)
        status, said = executor(**{**settings, **over}).over_http(signed(body), body)
        said = json.loads(said)
        return status, said.get("safe_error_code", said.get("error", said.get("status"))), said, database.asked

    def test_a_change_is_applied_with_its_receipt_and_repeated_it_is_not(self):
        for engine in ENGINES:
            status, told, _, asked = self.answered(engine)
            self.assertEqual((status, told, asked[-2:]), (200, "applied", ["COMMIT", "ROLLBACK"]))
        duplicate = {"INSERT INTO": DriverError(1062, "the server's words")}
        digest = json.loads(GOLDEN.read_bytes())["proposal_digest"]
        again = self.answered("mysql", {"SELECT proposal_digest": [(digest,)]}, duplicate)
        self.assertEqual(again[:2], (200, "already_applied"))
        other = self.answered("mysql", {"SELECT proposal_digest": [("other",)]}, duplicate)
        self.assertEqual(other[:2], (422, "IDEMPOTENCY_KEY_REUSED"))

    def test_nothing_is_committed_after_the_request_s_time(self):
        for engine in ENGINES:
            waited = self.answered(engine, raises={IS_SAME[engine]: late(engine)})
            self.assertEqual(waited[:2], (408, "TOO_LATE"))
            now = [NOW]

            def slow(*_):
                now[0] += timedelta(seconds=4.9)

            status, told, _, asked = self.answered(engine, now=lambda: now[0], change=slow)
            self.assertEqual((status, told), (408, "TOO_LATE"))
            self.assertNotIn("COMMIT", asked)

    def test_a_row_that_is_not_the_reviewed_one_and_columns_the_capability_may_not_change_are_refused(self):
        for engine in ENGINES:
            moved = tuple(name != "late_fee_cents" for name in COLUMNS)
            status, _, said, asked = self.answered(engine, {IS_SAME[engine]: [moved]})
            self.assertEqual((status, said["status"], said["changed_columns"]), (409, "conflict", ["late_fee_cents"]))
            self.assertNotIn("COMMIT", asked)

            def overreaching(cursor, request):
                update(cursor, type(request)({**request.document, "allowed_columns": []}))

            self.assertEqual(self.answered(engine, change=overreaching)[:2], (422, "COLUMN_NOT_ALLOWED"))

    def test_another_engine_and_a_connection_that_cannot_hold_every_value_are_refused(self):
        self.assertEqual(self.answered("mysql", engine="postgres")[:2], (422, "OTHER_ENGINE"))
        with self.assertRaises(ValueError):
            executor(engine="sqlite")
        narrow = self.answered("mysql", {"@@character_set_client": [("latin1",)]})
        self.assertEqual(narrow[:2], (500, "CONNECTION_NOT_UTF8MB4"))
        unsafe = {"information_schema": [(name, "varchar", None, "NO") for name in COLUMNS]}
        self.assertEqual(self.answered("mysql", unsafe)[:2], (422, "TABLE_NOT_TRANSACTIONAL"))


if __name__ == "__main__":
    unittest.main()
