// Values as they cross into the component and out of it, and their exact form on this side.
//
// Invariant: nothing is lost in either direction. An integer crosses as two 32-bit halves (`integers.mjs`).

import type { Value } from "./value.js";

/** A value on the wire: tags and payloads of the contract's variant. */
export type WireValue =
  | { tag: "integer"; val: readonly [low: number, high: number] }
  | Exclude<Value, { tag: "integer" }>;

/** A key on the wire, where an integer is a number. */
export type WireKey = { tag: "integer"; val: number } | Exclude<Value, { tag: "integer" }>;

/** A name and its value on the wire. */
export interface WireColumn {
  name: string;
  value: WireValue;
}

/** A value that came in. */
export function received(value: WireValue): Value {
  if (value.tag !== "integer") return value;
  const [low, high] = value.val;
  return { tag: "integer", val: BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt.asUintN(32, BigInt(low))) };
}

/** A value to send. */
export function sent(value: Value): WireValue {
  if (value.tag !== "integer") return value;
  const half = (bits: bigint): number => Number(BigInt.asIntN(32, bits));
  return { tag: "integer", val: [half(value.val), half(value.val >> 32n)] };
}

/** A key to send, or nothing where it cannot be sent exactly. */
export function sentKey(value: Value): WireKey | undefined {
  if (value.tag !== "integer") return value;
  const val = Number(value.val);
  return Number.isSafeInteger(val) ? { tag: "integer", val } : undefined;
}
