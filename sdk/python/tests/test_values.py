"""Values: read by name and type, exact in both directions."""

import datetime
import unittest
from decimal import Decimal, FloatOperation

from synapsor_handler import Change, Columns, Misuse, Refusal, Value
from synapsor_handler.value import keep_decimals_exact, to_value
from synapsor_handler.wire import received, sent
from wit_world.imports import types


def row(**columns: Value) -> Columns:
    return Columns("column `{}` of read `customer`", columns)


class ValuesAreRead(unittest.TestCase):
    def refused(self, read: object, name: str) -> str:
        with self.assertRaises(Refusal) as raised:
            read(name)  # type: ignore[operator]
        return f"{raised.exception.code}: {raised.exception.message}"

    def test_by_name_and_type(self) -> None:
        customer = row(
            plan=Value("text", "plus"),
            fee=Value("integer", 5500),
            total=Value("decimal", "12.00"),
            active=Value("integer", 1),
            at=Value("text", "2026-03-01 10:00:00"),
            note=Value("null", None),
        )
        self.assertEqual(customer.text("plan"), "plus")
        self.assertEqual(customer.integer("fee"), 5500)
        self.assertEqual(customer.integer("total"), 12)
        self.assertEqual(str(customer.decimal("total")), "12.00")
        self.assertIs(customer.boolean("active"), True)
        self.assertEqual(customer.day("at"), datetime.date(2026, 3, 1))
        self.assertEqual(customer.timestamp("at"), datetime.datetime(2026, 3, 1, 10))
        self.assertIsNone(customer.optional_text("note"))
        self.assertIsNone(customer.optional_integer("absent"))

    def test_and_refused_by_name_without_the_value(self) -> None:
        customer = row(plan=Value("text", "secret"), fee=Value("decimal", "1.50"), note=Value("null", None))
        of = "of read `customer`"
        wrong = "HANDLER_INPUT_TYPE: column"
        self.assertEqual(self.refused(customer.integer, "plan"), f"{wrong} `plan` {of}: expected a whole number, found text")
        self.assertEqual(self.refused(customer.optional_integer, "fee"), f"{wrong} `fee` {of}: expected a whole number, found decimal")
        self.assertEqual(self.refused(customer.text, "note"), f"{wrong} `note` {of}: expected text, found null")
        self.assertEqual(self.refused(customer.boolean, "fee"), f"{wrong} `fee` {of}: expected true or false, found decimal")
        self.assertEqual(self.refused(customer.text, "absent"), f"HANDLER_INPUT_MISSING: column `absent` {of} is missing")

    def test_a_decimal_is_an_integer_only_when_nothing_is_lost(self) -> None:
        for text, integer in {"0": 0, "-12.000": -12, "9223372036854775807": 2**63 - 1}.items():
            self.assertEqual(row(total=Value("decimal", text)).integer("total"), integer)
        for text in ("9223372036854775808", "1.5", "", "1e3", "1_000", "٣"):
            self.assertIn("found decimal", self.refused(row(total=Value("decimal", text)).integer, "total"))

    def test_a_day_or_a_timestamp_has_to_exist(self) -> None:
        for text in ("2026-02-30", "2026-2-28", "2026-02-281", "0000-00-00", ""):
            self.assertIn("found text", self.refused(row(at=Value("text", text)).day, "at"))
        for text in ("2026-06-30", "2026-06-30T24:00:00Z", "2026-06-30T12:00:00+02:00", "2026-06-30T12:00:00.1234567"):
            self.assertIn("found text", self.refused(row(at=Value("text", text)).timestamp, "at"))


class ValuesAreSent(unittest.TestCase):
    def test_exactly(self) -> None:
        utc = datetime.UTC
        for scalar, expected in [
            (None, Value("null", None)),
            (True, Value("boolean", True)),
            (2**63 - 1, Value("integer", 2**63 - 1)),
            (2**63, Value("decimal", "9223372036854775808")),
            (Decimal("1.50"), Value("decimal", "1.50")),
            (Decimal("1E-20"), Value("decimal", "0.00000000000000000001")),
            ("ünïcödé \U0001f9fe", Value("text", "ünïcödé \U0001f9fe")),
            (b"\x00\xff", Value("bytes", b"\x00\xff")),
            (datetime.date(2026, 2, 28), Value("date", "2026-02-28")),
            (datetime.datetime(2026, 2, 28, 1), Value("timestamp", "2026-02-28T01:00:00.000000")),
            (datetime.datetime(2026, 2, 28, 1, tzinfo=utc), Value("timestamp", "2026-02-28T01:00:00.000000Z")),
            (Value("uuid", "00000000-0000-0000-0000-000000000001"), Value("uuid", "00000000-0000-0000-0000-000000000001")),
        ]:
            self.assertEqual(to_value(scalar), expected)

    def test_and_arrive_as_they_were_sent(self) -> None:
        for value in (Value("integer", -(2**63)), Value("null", None), Value("json", "{}"), Value("boolean", False)):
            columns = received("column `{}`", [types.Column("a", sent(value))])
            self.assertEqual(list(columns), [("a", value)])

    def test_the_later_of_two_stays(self) -> None:
        change = Change().set("fee", 1).set("note", "a").set("fee", 2)
        self.assertEqual(list(change.columns.items()), [("note", Value("text", "a")), ("fee", Value("integer", 2))])

    def test_what_is_no_database_value_is_not(self) -> None:
        for scalar, words in [
            (1.5, "a float is not exact"),
            (Decimal("NaN"), "not finite"),
            (object(), "a `object` is no database value"),
            ([1], "a `list` is no database value"),
        ]:
            with self.assertRaisesRegex(Misuse, words):
                Change().set("fee", scalar)  # type: ignore[arg-type]

    def test_decimals_are_not_rounded_and_take_no_float(self) -> None:
        keep_decimals_exact()
        long = Decimal("12345678901234567890123456789012345678.01")
        self.assertEqual(str(long + Decimal("0.01")), "12345678901234567890123456789012345678.02")
        with self.assertRaises(FloatOperation):
            Decimal(0.1)
