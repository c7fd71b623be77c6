"""What is not taken, without a database: `python3 -m unittest` in this folder."""

import hashlib
import hmac
import json
import pathlib
import unittest
from datetime import datetime, timedelta, timezone

from synapsor_executor import Executor, same

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
        self.assertIn('"a""; DROP"', same('a"; DROP', "text"))


if __name__ == "__main__":
    unittest.main()
