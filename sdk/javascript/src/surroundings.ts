// What JavaScript offers and a handler does not have: each says so in words, where the runtime would trap without any.
//
// Imported first, so that it holds while the handler's own module is loaded: what is read at that moment would be frozen
// into the component.

import * as log from "./log.js";
import { Misuse } from "./misuse.js";

const NO_CLOCK = "there is no clock in a handler: use `call.now`";
const NO_RANDOMNESS = "there is no randomness in a handler: the same call must give the same answer";
const NO_TIMERS = "there are no timers in a handler: it answers at once";

function refusing(words: string): () => never {
  return () => {
    throw new Misuse(words);
  };
}

/** `Date` for dates that are given; the present is not. */
const dates = new Proxy(Date, {
  construct(target, given, newTarget) {
    if (given.length === 0) throw new Misuse(NO_CLOCK);
    return Reflect.construct(target, given, newTarget) as Date;
  },
  apply: refusing(NO_CLOCK),
});
Object.defineProperty(Date, "now", { value: refusing(NO_CLOCK) });
Object.defineProperty(Date.prototype, "constructor", { value: dates });
Object.defineProperty(Math, "random", { value: refusing(NO_RANDOMNESS) });

/** One line of the log for one call, as `console` puts its arguments together. */
function line(given: unknown[]): string {
  return given.map((one) => (typeof one === "string" ? one : shown(one))).join(" ");
}

function shown(value: unknown): string {
  if (value instanceof Error || typeof value !== "object") return String(value);
  try {
    return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? inner.toString() : inner));
  } catch {
    return String(value);
  }
}

const console = {
  debug: (...given: unknown[]) => log.debug(line(given)),
  trace: (...given: unknown[]) => log.debug(line(given)),
  log: (...given: unknown[]) => log.info(line(given)),
  info: (...given: unknown[]) => log.info(line(given)),
  warn: (...given: unknown[]) => log.warn(line(given)),
  error: (...given: unknown[]) => log.warn(line(given)),
};

const performance = { now: refusing(NO_CLOCK), get timeOrigin(): never { throw new Misuse(NO_CLOCK); } };
const timers = refusing(NO_TIMERS);

for (const [name, value] of Object.entries({
  Date: dates, console, performance, setTimeout: timers, setInterval: timers, setImmediate: timers, queueMicrotask: timers,
})) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
