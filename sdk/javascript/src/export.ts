// The component's one export, around a plain function.
//
// Invariant: whatever the function throws, the call ends with an answer. Only what the runtime itself cannot survive (no
// memory left, the stack overrun) is left to the runner.

import { Call, type WireInvocation } from "./call.js";
import { Change } from "./change.js";
import { Columns } from "./columns.js";
import * as log from "./log.js";
import { Misuse } from "./misuse.js";
import { Refusal } from "./refusal.js";
import { sent, type WireColumn } from "./wire.js";

/** The business rule: what to change on the row. A "no" is `refuse(code, message)`. */
export type Propose = (call: Call, row: Columns) => Change;

interface WireChange {
  columns: WireColumn[];
  summary: string | null;
}

/** Makes a function the handler of this component: `export const propose = handler((call, row) => …)`. */
export function handler(rule: Propose): (invocation: WireInvocation, row: WireColumn[]) => WireChange {
  return (invocation, row) => {
    try {
      const change = rule(new Call(invocation), new Columns((name) => `column \`${name}\``, row));
      if (!(change instanceof Change)) throw new Misuse(unanswered(change));
      const { columns, summary } = change.parts();
      return { columns: [...columns].map(([name, value]) => ({ name, value: sent(value) })), summary };
    } catch (thrown) {
      const { code, message } = thrown instanceof Refusal ? thrown : failed(thrown);
      // The runtime makes a plain object of these two the contract's refusal.
      throw { code, message };
    }
  };
}

function unanswered(answer: unknown): string {
  return answer instanceof Promise
    ? "a handler answers at once: the function may not be `async`"
    : "a handler returns a `Change`, or calls `refuse`";
}

/** An exception nobody caught. Its own message may hold values of the row, so that is for the operator's log alone. */
function failed(thrown: unknown): Refusal {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const stack = (error.stack ?? "").trim().replace(/\s*\n\s*/g, " < ");
  log.warn(`uncaught ${error.name}: ${error.message} ${stack}`);
  const words = error instanceof Misuse ? error.message : `uncaught \`${error.name}\`; the log of the call has its message`;
  return new Refusal("HANDLER_EXCEPTION", `the handler failed: ${words}`);
}
