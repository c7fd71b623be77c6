// Tries in a component what this package promises; the cases are those of `sdk/trials` and the ones beside this file.

import { type Call, Change, type Columns, Decimal, handler, type Propose, type Value } from "synapsor-handler";

export const propose = handler((call, row) => {
  const trial = TRIALS[call.arguments.text("trial")];
  if (!trial) throw new TypeError("no such trial");
  return trial(call, row);
});

function same(_: Call, row: Columns): Change {
  const change = new Change();
  for (const name of ["largest", "smallest"]) change.set(name, row.integer(name));
  for (const name of ["moment", "local"]) change.set(name, row.timestamp(name));
  for (const name of ["id", "document", "absent"]) change.set(name, row.get(name) as Value);
  change.set("amount", row.decimal("amount")).set("note", row.text("note")).set("day", row.day("day"));
  return change.set("raw", row.bytes("raw")).set("active", row.boolean("active"));
}

function sums(call: Call, row: Columns): Change {
  const sign = [...row.text("note")].at(-1);
  return new Change()
    .set("largest", row.integer("largest") - 1n)
    .set("smallest", row.integer("smallest") + 1n)
    .set("amount", row.decimal("amount").plus(Decimal.fromBigInt(25n, 2)))
    .set("note", `${sign} ${row.day("day").month * 6}`)
    .set("day", call.today())
    .summary(`${row.day("day").daysSince(row.day("day")) + 1} day later: ${sign}`);
}

/** Tries something and answers with a change nobody sees. */
function after(trial: () => unknown): Change {
  trial();
  return new Change();
}

const TRIALS: Readonly<Record<string, Propose>> = {
  same,
  sums,
  clock: () => after(() => new Date()),
  randomness: () => after(() => Math.random()),
  exception: (_, row) => {
    throw new TypeError(`unexpected ${row.text("note")}`);
  },
  nothing: () => undefined as unknown as Change,
  print: (_, row) => {
    (globalThis as unknown as { console: { log(...given: unknown[]): void } }).console.log("a line", row.text("note"), 5n);
    return new Change().set("active", false);
  },
  missing: (call) => new Change().set("note", call.arguments.text("absent")),
  type: (_, row) => new Change().set("largest", row.integer("note")),
  timer: () => after(() => (globalThis as unknown as { setTimeout(then: () => void): void }).setTimeout(() => undefined)),
  async: (async () => new Change()) as unknown as Propose,
  float: () => new Change().set("amount", 0.5 as unknown as bigint),
};
