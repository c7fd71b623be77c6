// Between the contract's values and JavaScript's, both ways and without loss.
//
// Absent on purpose: numbers. A JavaScript number is a float; an integer is a BigInt and a fraction a `Decimal`.

import { Day } from "./day.js";
import { Decimal } from "./decimal.js";
import { Misuse } from "./misuse.js";
import { Timestamp } from "./timestamp.js";

/** One database scalar, as the contract has it. The text forms are those of `handler.wit`. */
export type Value =
  | { readonly tag: "null" }
  | { readonly tag: "boolean"; readonly val: boolean }
  | { readonly tag: "integer"; readonly val: bigint }
  | { readonly tag: "bytes"; readonly val: Uint8Array }
  | { readonly tag: "decimal" | "text" | "date" | "timestamp" | "uuid" | "json"; readonly val: string };

/** What a column, a key or a filter can be given as. For a uuid or JSON write the `Value`: `{ tag: "uuid", val: id }`. */
export type Scalar = null | boolean | bigint | string | Uint8Array | Decimal | Day | Timestamp | Value;

const TAGS: ReadonlySet<unknown> = new Set(
  ["null", "boolean", "integer", "decimal", "text", "bytes", "date", "timestamp", "uuid", "json"],
);

/** The value a scalar stands for. An integer beyond 64 bits is a decimal. */
export function toValue(scalar: Scalar): Value {
  switch (typeof scalar) {
    case "boolean":
      return { tag: "boolean", val: scalar };
    case "string":
      return { tag: "text", val: scalar };
    case "bigint":
      return BigInt.asIntN(64, scalar) === scalar
        ? { tag: "integer", val: scalar }
        : { tag: "decimal", val: scalar.toString() };
    case "number":
      throw new Misuse("a JavaScript number is a float: write a BigInt such as `5n`, or a `Decimal`");
    case "object":
      if (scalar === null) return { tag: "null" };
      if (scalar instanceof Uint8Array) return { tag: "bytes", val: scalar };
      if (scalar instanceof Decimal) return { tag: "decimal", val: scalar.toString() };
      if (scalar instanceof Day) return { tag: "date", val: scalar.toString() };
      if (scalar instanceof Timestamp) return { tag: "timestamp", val: scalar.toString() };
      return checked(scalar);
  }
  throw new Misuse(`a ${typeof scalar} is no database value`);
}

/** A `Value` may have been written by hand in JavaScript, where nothing has checked its type. */
function checked(value: Value): Value {
  if (!TAGS.has(value.tag)) throw new Misuse("an object that is no `Decimal`, `Day`, `Timestamp` or `Value` is no database value");
  if (value.tag === "null") return { tag: "null" };
  if (value.tag === "integer") return toValue(value.val);
  const expected = value.tag === "boolean" ? "boolean" : value.tag === "bytes" ? "object" : "string";
  if (typeof value.val !== expected) throw new Misuse(`a value of tag \`${value.tag}\` holds a ${typeof value.val}`);
  return value;
}

export function asText(value: Value): string | undefined {
  return value.tag === "text" || value.tag === "uuid" ? value.val : undefined;
}

export function asInteger(value: Value): bigint | undefined {
  if (value.tag === "integer") return value.val;
  const whole = value.tag === "decimal" ? Decimal.parse(value.val)?.toBigInt() : undefined;
  return whole !== undefined && BigInt.asIntN(64, whole) === whole ? whole : undefined;
}

export function asBoolean(value: Value): boolean | undefined {
  if (value.tag === "boolean") return value.val;
  if (value.tag !== "integer") return undefined;
  return value.val === 1n ? true : value.val === 0n ? false : undefined;
}

export function asDecimal(value: Value): Decimal | undefined {
  if (value.tag === "integer") return Decimal.fromBigInt(value.val);
  return value.tag === "decimal" ? Decimal.parse(value.val) : undefined;
}

export function asDay(value: Value): Day | undefined {
  return value.tag === "date" || value.tag === "timestamp" || value.tag === "text" ? Day.parse(value.val) : undefined;
}

export function asTimestamp(value: Value): Timestamp | undefined {
  return value.tag === "timestamp" || value.tag === "text" ? Timestamp.parse(value.val) : undefined;
}

export function asBytes(value: Value): Uint8Array | undefined {
  return value.tag === "bytes" ? value.val : undefined;
}
