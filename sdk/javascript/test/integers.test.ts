// The halves of an integer in the contract, and their way back in a component.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { halved, whole } from "../integers.mjs";

const PREAMBLE = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const NAMES = ["null", "boolean", "integer", "decimal", "text", "bytes", "date", "timestamp", "uuid", "json"];

/** A variant with a one-byte type for each case; `null` has none. */
function variant(names: string[], integer: number): number[] {
  const cases = names.flatMap((name) => {
    const type = name === "null" ? [0] : [1, name === "integer" ? integer : 0x73];
    return [name.length, ...Buffer.from(name), ...type, 0];
  });
  return [0x71, names.length, ...cases];
}

function section(id: number, bytes: number[]): number[] {
  return bytes.length < 128 ? [id, bytes.length, ...bytes] : [id, (bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
}

test("the contract's integers become halves, but for a key", () => {
  const contract = halved(readFileSync(process.env["CONTRACT"] ?? assert.fail("CONTRACT is not set"), "utf8"));
  assert.equal(contract.match(/integer\(tuple<s32, s32>\)/g)?.length, 1);
  assert.match(contract, /variant key \{[^]*integer\(s64\)[^]*get: func\(read: string, key: key\)/);
  assert.match(contract, /pad\(u64\)/);
});

test("a finished component has the contract's type again, however deep it is", () => {
  const types = (names: string[], integer: number): number[] => section(7, [1, ...variant(names, integer)]);
  const made = [...PREAMBLE, ...types([...NAMES, "pad"], 9), ...section(4, [...PREAMBLE, ...types([...NAMES, "pad"], 9)])];
  const expected = [...PREAMBLE, ...types(NAMES, 0x78), ...section(4, [...PREAMBLE, ...types(NAMES, 0x78)])];
  assert.deepEqual([...whole(Buffer.from(made))], expected);
});

test("a contract or component without the expected type is not touched", () => {
  assert.throws(() => halved("interface types {}"), /no variant `value`/);
  assert.throws(() => whole(Buffer.from(PREAMBLE)), /does not have the types/);
  const renamed = [...PREAMBLE, ...section(7, [1, ...variant([...NAMES, "pod"], 9)])];
  assert.throws(() => whole(Buffer.from(renamed)), /unexpected shape/);
});
