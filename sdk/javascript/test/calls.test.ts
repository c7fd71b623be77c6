// One call from the wire to the wire: answers, refusals, exceptions, reads, and what a handler does not have.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Change, handler, log, reads, refuse, type Propose } from "../src/index.js";
import { lines } from "./log.js";
import { answers, asked } from "./reads.js";

const INVOCATION = {
  capability: "billing.waive",
  tenant: "acme",
  principal: "agent",
  now: "2026-06-30T12:00:00.000000Z",
  arguments: [{ name: "reason", value: { tag: "text" as const, val: "late" } }],
  settings: [],
};
const ROW = [{ name: "fee", value: { tag: "integer" as const, val: [7, 0] as const } }];

/** The answer of a rule, or its refusal. */
function answer(rule: Propose): unknown {
  lines.length = 0;
  try {
    return handler(rule)(INVOCATION, ROW);
  } catch (refused) {
    return refused;
  }
}

/** The words of a rule that fails. */
function words(rule: Propose): string {
  const refused = answer(rule) as { code: string; message: string };
  assert.equal(refused.code, "HANDLER_EXCEPTION");
  return refused.message;
}

test("a rule answers with a change or a refusal", () => {
  assert.deepEqual(
    answer((call, row) => new Change().set("fee", row.integer("fee") - 8n).summary(`${call.today()} ${call.arguments.text("reason")}`)),
    { columns: [{ name: "fee", value: { tag: "integer", val: [-1, -1] } }], summary: "2026-06-30 late" },
  );
  assert.deepEqual(answer(() => refuse("NO", "not today")), { code: "NO", message: "not today" });
  assert.deepEqual(answer((call) => refuse("NO", call.settings.text("cap"))), {
    code: "HANDLER_INPUT_MISSING",
    message: "setting `cap` is missing",
  });
});

test("an uncaught exception is a refusal, and only the log has its message", () => {
  const message = words(() => {
    throw new TypeError("customer Miller has no plan");
  });
  assert.equal(message, "the handler failed: uncaught `TypeError`; the log of the call has its message");
  assert.match(lines.join(), /^warn: uncaught TypeError: customer Miller has no plan .*calls\.test/);
  assert.match(words(() => { throw "text"; }), /uncaught `Error`/);
});

test("an answer that is no change is named", () => {
  assert.equal(words((() => undefined) as never), "the handler failed: a handler returns a `Change`, or calls `refuse`");
  assert.equal(
    words((async () => new Change()) as never),
    "the handler failed: a handler answers at once: the function may not be `async`",
  );
});

test("clock, randomness and timers say what to do", () => {
  const change = new Change();
  const clocks = [() => new Date(), () => Date(), () => Date.now(), () => performance.now(), () => new (new Date(0).constructor as DateConstructor)()];
  for (const clock of clocks) {
    assert.equal(words(() => (clock(), change)), "the handler failed: there is no clock in a handler: use `call.now`");
  }
  assert.match(words(() => (Math.random(), change)), /there is no randomness in a handler/);
  assert.match(words(() => (setTimeout(() => 0), change)), /there are no timers in a handler/);
  assert.equal(new Date(0).toISOString(), "1970-01-01T00:00:00.000Z");
  assert.ok(new Date(0) instanceof Date);
});

test("console and log write to the log of the call", () => {
  answer(() => {
    console.log("plan", "plus", { cents: 5n }, [1]);
    console.error(new RangeError("odd"));
    log.debug("quiet");
    return new Change();
  });
  assert.deepEqual(lines, ['info: plan plus {"cents":"5"} [1]', "warn: RangeError: odd", "debug: quiet"]);
});

test("reads ask exactly and give typed rows", () => {
  asked.length = 0;
  answers.push([[{ name: "plan", value: { tag: "text", val: "plus" } }]], [], [ROW, ROW]);
  assert.equal(reads.get("customer", "C-1")?.text("plan"), "plus");
  assert.equal(reads.get("customer", 5n), undefined);
  assert.equal(reads.find("waivers", { customer_id: -1n }).length, 2);
  assert.deepEqual(asked, [
    { read: "customer", key: { tag: "text", val: "C-1" } },
    { read: "customer", key: { tag: "integer", val: 5 } },
    { read: "waivers", filters: [{ name: "customer_id", value: { tag: "integer", val: [-1, -1] } }] },
  ]);
});

test("a read that is not answered is a refusal, and an inexact key is not asked for", () => {
  const refused = (rule: Propose): string => (answer(rule) as { code: string }).code;
  for (const [error, code] of [
    ["not-declared", "READ_NOT_DECLARED"],
    ["limit-reached", "READ_LIMIT_REACHED"],
    ["unavailable", "READ_UNAVAILABLE"],
  ] as const) {
    answers.push({ error });
    assert.equal(refused(() => (reads.find("waivers", {}), new Change())), code);
  }
  assert.match(words(() => (reads.get("customer", 2n ** 60n), new Change())), /beyond 2\^53 cannot be asked for by `get`/);
});
