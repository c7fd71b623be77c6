// Named values: the row, the arguments, the settings, or a row of a declared read; read by name and type.
//
// Invariant: a value of another type is refused, never converted with loss, and no message holds a value.

import type { Day } from "./day.js";
import type { Decimal } from "./decimal.js";
import { Refusal } from "./refusal.js";
import type { Timestamp } from "./timestamp.js";
import { asBoolean, asBytes, asDay, asDecimal, asInteger, asText, asTimestamp, type Value } from "./value.js";
import { received, type WireColumn } from "./wire.js";

/** What the values are, for messages: turns a name into "column `name`" and the like. */
export type Place = (name: string) => string;

/**
 * Named values, read by name and type.
 *
 * A missing name or another type is a refusal that names the place, so a handler need not check. The forms beginning with
 * `optional` give `undefined` for SQL NULL and for a name that is not there.
 */
export class Columns implements Iterable<[name: string, value: Value]> {
  readonly #place: Place;
  readonly #values: ReadonlyMap<string, Value>;

  /** @internal */
  constructor(place: Place, columns: readonly WireColumn[]) {
    this.#place = place;
    this.#values = new Map(columns.map(({ name, value }) => [name, received(value)]));
  }

  /** The value of that name, whatever its type. */
  get(name: string): Value | undefined {
    return this.#values.get(name);
  }

  /** Names and values, in name order. */
  [Symbol.iterator](): Iterator<[name: string, value: Value]> {
    return this.#values.entries();
  }

  /** Text, or a uuid's text. */
  text(name: string): string {
    return this.#required(name, "text", asText);
  }

  /** As {@link text}, or `undefined`. */
  optionalText(name: string): string | undefined {
    return this.#optional(name, "text", asText);
  }

  /** A whole number of 64 bits; a decimal without a fraction counts. */
  integer(name: string): bigint {
    return this.#required(name, "a whole number", asInteger);
  }

  /** As {@link integer}, or `undefined`. */
  optionalInteger(name: string): bigint | undefined {
    return this.#optional(name, "a whole number", asInteger);
  }

  /** True or false; an integer 1 or 0 counts, since not every database has booleans. */
  boolean(name: string): boolean {
    return this.#required(name, "true or false", asBoolean);
  }

  /** As {@link boolean}, or `undefined`. */
  optionalBoolean(name: string): boolean | undefined {
    return this.#optional(name, "true or false", asBoolean);
  }

  /** The day of a date, of a timestamp, or of text that begins with `YYYY-MM-DD`. */
  day(name: string): Day {
    return this.#required(name, "a date or timestamp", asDay);
  }

  /** As {@link day}, or `undefined`. */
  optionalDay(name: string): Day | undefined {
    return this.#optional(name, "a date or timestamp", asDay);
  }

  /** A timestamp, or text that is one. */
  timestamp(name: string): Timestamp {
    return this.#required(name, "a timestamp", asTimestamp);
  }

  /** As {@link timestamp}, or `undefined`. */
  optionalTimestamp(name: string): Timestamp | undefined {
    return this.#optional(name, "a timestamp", asTimestamp);
  }

  /** An exact number, whole or with a fraction. */
  decimal(name: string): Decimal {
    return this.#required(name, "a number", asDecimal);
  }

  /** As {@link decimal}, or `undefined`. */
  optionalDecimal(name: string): Decimal | undefined {
    return this.#optional(name, "a number", asDecimal);
  }

  /** Bytes. */
  bytes(name: string): Uint8Array {
    return this.#required(name, "bytes", asBytes);
  }

  /** As {@link bytes}, or `undefined`. */
  optionalBytes(name: string): Uint8Array | undefined {
    return this.#optional(name, "bytes", asBytes);
  }

  #required<T>(name: string, expected: string, read: (value: Value) => T | undefined): T {
    const value = this.#values.get(name);
    if (value === undefined) throw new Refusal("HANDLER_INPUT_MISSING", `${this.#place(name)} is missing`);
    return this.#typed(name, expected, value, read);
  }

  #optional<T>(name: string, expected: string, read: (value: Value) => T | undefined): T | undefined {
    const value = this.#values.get(name);
    return value === undefined || value.tag === "null" ? undefined : this.#typed(name, expected, value, read);
  }

  #typed<T>(name: string, expected: string, value: Value, read: (value: Value) => T | undefined): T {
    const typed = read(value);
    if (typed !== undefined) return typed;
    throw new Refusal("HANDLER_INPUT_TYPE", `${this.#place(name)}: expected ${expected}, found ${value.tag}`);
  }
}
