"""One call from the wire to the wire: answers, refusals, exceptions and reads."""

import unittest
from collections.abc import Callable
from unittest import mock

from componentize_py_types import Err
from synapsor_handler import Call, Change, Columns, Misuse, export, handler, log, reads, refuse, rule
from wit_world.imports import types
from wit_world.imports.reads import ReadError

INVOCATION = types.Invocation(
    capability="billing.waive",
    tenant="acme",
    principal="agent",
    now="2026-06-30T12:00:00.000001Z",
    arguments=[types.Column("reason", types.Value_Text("late"))],
    settings=[],
)
ROW = [types.Column("fee", types.Value_Integer(7))]


class OneCall(unittest.TestCase):
    def setUp(self) -> None:
        self.lines: list[str] = []
        written = mock.patch("wit_world.imports.log.write", lambda level, line: self.lines.append(f"{level.name}: {line}"))
        written.start()
        self.addCleanup(written.stop)

    def answer(self, propose: Callable[[Call, Columns], object]) -> types.Change | str:
        """The change, or the refusal as text."""
        with mock.patch.object(rule, "_rules", [propose]):
            try:
                return export.WitWorld().propose(INVOCATION, ROW)
            except Err as refused:
                return f"{refused.value.code}: {refused.value.message}"

    def test_is_answered_with_a_change(self) -> None:
        def propose(call: Call, row: Columns) -> Change:
            return Change().set("fee", row.integer("fee") - 8).summary(f"{call.today()} {call.arguments.text('reason')}")

        expected = types.Change([types.Column("fee", types.Value_Integer(-1))], "2026-06-30 late")
        self.assertEqual(self.answer(propose), expected)

    def test_is_answered_with_a_refusal(self) -> None:
        self.assertEqual(self.answer(lambda call, row: refuse("NO", "not today")), "NO: not today")
        missing = self.answer(lambda call, row: refuse("NO", call.settings.text("cap")))
        self.assertEqual(missing, "HANDLER_INPUT_MISSING: setting `cap` is missing")

    def test_that_fails_is_a_refusal_and_only_the_log_has_the_message(self) -> None:
        def propose(call: Call, row: Columns) -> Change:
            raise TypeError("customer Miller has no plan")

        refused = self.answer(propose)
        self.assertEqual(refused, "HANDLER_EXCEPTION: the handler failed: uncaught `TypeError`; the log of the call has its message")
        self.assertRegex(self.lines[-1], r"^WARN: uncaught TypeError: customer Miller has no plan at propose \(test_calls.py:\d+\) <")

    def test_that_exits_or_answers_nothing_is_a_refusal(self) -> None:
        def leaves(call: Call, row: Columns) -> Change:
            raise SystemExit(0)

        self.assertIn("uncaught `SystemExit`", str(self.answer(leaves)))
        self.assertIn("a handler returns a `Change`, or calls `refuse`", str(self.answer(lambda call, row: None)))

    def test_reads_typed_rows(self) -> None:
        asked: list[object] = []

        def get(read: str, key: types.Value) -> list[types.Column] | None:
            asked.append((read, key))
            return ROW if read == "customer" else None

        def find(read: str, filters: list[types.Column]) -> list[list[types.Column]]:
            asked.append((read, filters))
            return [ROW, ROW]

        with mock.patch("wit_world.imports.reads.get", get), mock.patch("wit_world.imports.reads.find", find):
            customer = reads.get("customer", "C-1")
            self.assertEqual(customer and customer.integer("fee"), 7)
            self.assertIsNone(reads.get("plan", 2**63 - 1))
            self.assertEqual(len(reads.find("waivers", customer_id=-1)), 2)
        self.assertEqual(asked, [
            ("customer", types.Value_Text("C-1")),
            ("plan", types.Value_Integer(2**63 - 1)),
            ("waivers", [types.Column("customer_id", types.Value_Integer(-1))]),
        ])

    def test_refuses_where_a_read_is_not_answered(self) -> None:
        for error, code in {
            ReadError.NOT_DECLARED: "READ_NOT_DECLARED",
            ReadError.LIMIT_REACHED: "READ_LIMIT_REACHED",
            ReadError.UNAVAILABLE: "READ_UNAVAILABLE",
        }.items():
            with mock.patch("wit_world.imports.reads.find", side_effect=Err(error)):
                self.assertRegex(str(self.answer(lambda call, row: reads.find("waivers"))), f"^{code}: ")

    def test_logs_for_the_operator(self) -> None:
        log.debug("quiet")
        log.warn("loud")
        self.assertEqual(self.lines, ["DEBUG: quiet", "WARN: loud"])


class OneHandler(unittest.TestCase):
    def test_stands_at_one_function(self) -> None:
        with mock.patch.object(rule, "_rules", []):
            with self.assertRaisesRegex(Misuse, "no function is the handler"):
                rule.the_rule()
            handler(lambda call, row: Change())
            with self.assertRaisesRegex(Misuse, "`@handler` stands at two functions"):
                handler(lambda call, row: Change())
