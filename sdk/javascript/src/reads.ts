// Further rows, from reads that the manifest declares and the config grants.
//
// Every read is scoped to the call's tenant by the runner, recorded, and counted against the call's limits.

import * as imported from "synapsor:handler/reads@0.1.0";

import { Columns, type Place } from "./columns.js";
import { Misuse } from "./misuse.js";
import { Refusal } from "./refusal.js";
import { toValue, type Scalar } from "./value.js";
import { sent, sentKey } from "./wire.js";

/** The row of a declared read that has this key. `undefined` where there is none, or it is another tenant's. */
export function get(read: string, key: Scalar): Columns | undefined {
  const sendable = sentKey(toValue(key));
  if (!sendable) throw new Misuse("an integer key beyond 2^53 cannot be asked for by `get`: declare a filter and use `find`");
  const row = answered(read, () => imported.get(read, sendable));
  return row ? new Columns(placeIn(read), row) : undefined;
}

/**
 * The rows of a declared read whose columns equal every filter, in key order.
 *
 * The runner stops at the read's row limit without saying so: a handler that counts rows compares their number with the
 * `rows_max` of its manifest, and refuses when it is reached.
 */
export function find(read: string, filters: Readonly<Record<string, Scalar>>): Columns[] {
  const columns = Object.entries(filters).map(([name, scalar]) => ({ name, value: sent(toValue(scalar)) }));
  return answered(read, () => imported.find(read, columns)).map((row) => new Columns(placeIn(read), row));
}

function placeIn(read: string): Place {
  return (name) => `column \`${name}\` of read \`${read}\``;
}

function answered<T>(read: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw refused(read, (error as { payload?: unknown }).payload);
  }
}

function refused(read: string, error: unknown): Error {
  switch (error) {
    case "not-declared":
      return new Refusal("READ_NOT_DECLARED", `read \`${read}\`, or one of its filters, is not granted`);
    case "limit-reached":
      return new Refusal("READ_LIMIT_REACHED", `read \`${read}\` is past the limits of the call`);
    default:
      // The runner ends such a call as a failure to repeat, whatever is answered.
      return new Refusal("READ_UNAVAILABLE", `read \`${read}\` could not be answered`);
  }
}
