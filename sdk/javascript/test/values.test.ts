// Values: read by name and type, exact in both directions.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Change, Columns, Day, Decimal, Refusal, Timestamp, type Scalar, type Value } from "../src/index.js";
import { toValue } from "../src/value.js";
import { received, sent, sentKey, type WireColumn } from "../src/wire.js";

function row(values: Record<string, Value>): Columns {
  const columns: WireColumn[] = Object.entries(values).map(([name, value]) => ({ name, value: sent(value) }));
  return new Columns((name) => `column \`${name}\` of read \`customer\``, columns);
}

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return `${error.code}: ${error.message}`;
  }
  return "no refusal";
}

test("values are read by name and type", () => {
  const customer = row({
    plan: { tag: "text", val: "plus" },
    fee: { tag: "integer", val: 5500n },
    total: { tag: "decimal", val: "12.00" },
    active: { tag: "integer", val: 1n },
    at: { tag: "text", val: "2026-03-01 10:00:00" },
    note: { tag: "null" },
  });
  assert.equal(customer.text("plan"), "plus");
  assert.equal(customer.integer("fee"), 5500n);
  assert.equal(customer.integer("total"), 12n);
  assert.equal(customer.decimal("total").toString(), "12.00");
  assert.equal(customer.boolean("active"), true);
  assert.equal(customer.day("at").toString(), "2026-03-01");
  assert.equal(customer.timestamp("at").toString(), "2026-03-01T10:00:00.000000");
  assert.equal(customer.optionalText("note"), undefined);
  assert.equal(customer.optionalInteger("absent"), undefined);
  assert.deepEqual([...customer].map(([name]) => name), ["plan", "fee", "total", "active", "at", "note"]);
});

test("a missing or mistyped value is refused by name and without its value", () => {
  const customer = row({
    plan: { tag: "text", val: "secret" },
    fee: { tag: "decimal", val: "1.50" },
    note: { tag: "null" },
  });
  const of = "of read `customer`";
  assert.equal(
    refusal(() => customer.integer("plan")),
    `HANDLER_INPUT_TYPE: column \`plan\` ${of}: expected a whole number, found text`,
  );
  assert.equal(
    refusal(() => customer.optionalInteger("fee")),
    `HANDLER_INPUT_TYPE: column \`fee\` ${of}: expected a whole number, found decimal`,
  );
  assert.equal(refusal(() => customer.text("note")), `HANDLER_INPUT_TYPE: column \`note\` ${of}: expected text, found null`);
  assert.equal(refusal(() => customer.text("absent")), `HANDLER_INPUT_MISSING: column \`absent\` ${of} is missing`);
  assert.equal(refusal(() => customer.text("constructor")), `HANDLER_INPUT_MISSING: column \`constructor\` ${of} is missing`);
});

test("every 64-bit integer crosses exactly, and a larger one is a decimal", () => {
  const edges = [0n, 1n, -1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
  for (const integer of edges) {
    assert.deepEqual(received(sent({ tag: "integer", val: integer })), { tag: "integer", val: integer });
  }
  assert.deepEqual(toValue(2n ** 63n), { tag: "decimal", val: "9223372036854775808" });
  assert.deepEqual(sentKey({ tag: "integer", val: -5n }), { tag: "integer", val: -5 });
  assert.equal(sentKey({ tag: "integer", val: 2n ** 53n }), undefined);
});

test("a decimal is an integer only when nothing is lost", () => {
  const cases: [string, bigint | undefined][] = [
    ["0", 0n],
    ["-12.000", -12n],
    ["9223372036854775807", 2n ** 63n - 1n],
    ["9223372036854775808", undefined],
    ["1.5", undefined],
  ];
  for (const [text, integer] of cases) {
    const read = row({ total: { tag: "decimal", val: text } });
    if (integer === undefined) assert.match(refusal(() => read.integer("total")), /found decimal/);
    else assert.equal(read.integer("total"), integer);
  }
});

test("a column is set to an exact value, and the later of two stays", () => {
  const change = new Change()
    .set("fee", 1n)
    .set("note", "ünïcödé \u{1f9fe}")
    .set("rate", Decimal.parse("0.10") as Decimal)
    .set("day", Day.parse("2026-02-28") as Day)
    .set("at", Timestamp.parse("2026-02-28T10:00:00Z") as Timestamp)
    .set("id", { tag: "uuid", val: "00000000-0000-0000-0000-000000000001" })
    .set("none", null)
    .set("fee", 2n);
  assert.deepEqual(Object.fromEntries(change.parts().columns), {
    note: { tag: "text", val: "ünïcödé \u{1f9fe}" },
    rate: { tag: "decimal", val: "0.10" },
    day: { tag: "date", val: "2026-02-28" },
    at: { tag: "timestamp", val: "2026-02-28T10:00:00.000000Z" },
    id: { tag: "uuid", val: "00000000-0000-0000-0000-000000000001" },
    none: { tag: "null" },
    fee: { tag: "integer", val: 2n },
  });
});

test("what is no database value is not sent", () => {
  const set = (value: unknown) => () => new Change().set("fee", value as Scalar);
  assert.throws(set(1.5), /a JavaScript number is a float: write a BigInt such as `5n`/);
  assert.throws(set(undefined), /a undefined is no database value/);
  assert.throws(set(new Date(0)), /no `Decimal`, `Day`, `Timestamp` or `Value`/);
  assert.throws(set({ tag: "json", val: {} }), /a value of tag `json` holds a object/);
});
