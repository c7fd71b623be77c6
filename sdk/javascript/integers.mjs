// 64-bit integers that reach JavaScript exactly.
//
// The runtime in componentize-qjs 0.4 hands an `s64` over as a JavaScript number, which rounds beyond 2^53. So a handler
// is built against the contract with one type changed: an integer is a pair of 32-bit halves, lower half first. In memory a
// pair is laid out as an `s64` is, so the machine code fits both types, and the contract's own type is put back into the
// finished component. `src/value.ts` joins the halves to a BigInt.
//
// A pair is aligned to 4 bytes and an `s64` to 8; the extra case `pad` keeps the variant's alignment. The one place where
// a value does not pass through memory is the key of `reads.get`, which keeps the contract's type: `src/reads.ts` holds
// it to the safe integers.
//
// Invariant: the component has exactly the contract's types. The host compares them when it loads the component.

const PAIR = "integer(tuple<s32, s32>)";

/** The contract with integers as halves. */
export function halved(contract) {
  const value = /^  variant value \{\n[^]*?\n  \}\n/m.exec(contract)?.[0];
  if (!value?.includes("integer(s64)")) throw new Error("the contract has no variant `value` with `integer(s64)`");
  const key = value.replace("variant value", "/// A key.\n  variant key");
  return contract
    .replace(value, value.replace("integer(s64)", PAIR).replace(/\n  \}\n$/, "\n    /// Keeps the alignment.\n    pad(u64),\n  }\n"))
    .replace("interface reads {\n", `interface reads {\n${key}`)
    .replace("key: value)", "key: key)");
}

const PREAMBLE_BYTES = 8;
const SECTION = { component: 4, type: 7 };
const TYPE = { variant: 0x71, s64: 0x78 };

/** The component with the contract's type in place of the halves. */
export function whole(component) {
  let replaced = 0;
  const walked = (bytes) => {
    const out = [bytes.subarray(0, PREAMBLE_BYTES)];
    for (let at = PREAMBLE_BYTES; at < bytes.length; ) {
      const id = bytes[at];
      const [size, start] = number(bytes, at + 1);
      let section = bytes.subarray(start, start + size);
      if (id === SECTION.component) section = walked(section);
      if (id === SECTION.type) {
        const found = withoutHalves(section);
        replaced += found.count;
        section = found.section;
      }
      out.push(Buffer.from([id, ...encoded(section.length)]), section);
      at = start + size;
    }
    return Buffer.concat(out);
  };
  const finished = walked(component);
  if (replaced === 0) throw new Error("the component does not have the types it was built against");
  return finished;
}

/** A type section with every halved `value` replaced. */
function withoutHalves(section) {
  const first = Buffer.from([TYPE.variant, 11, 4, ...Buffer.from("null")]);
  const out = [];
  let [at, count] = [0, 0];
  for (let found; (found = section.indexOf(first, at)) >= 0; count += 1) {
    const { cases, end } = variant(section, found);
    if (cases.map((one) => one.name).indexOf("pad") !== 10) throw new Error("a type has an unexpected shape");
    const kept = cases.slice(0, -1).map((one) => (one.name === "integer" ? caseOf("integer", [TYPE.s64]) : one.bytes));
    out.push(section.subarray(at, found), Buffer.from([TYPE.variant, kept.length]), ...kept);
    at = end;
  }
  out.push(section.subarray(at));
  return { section: Buffer.concat(out), count };
}

/** The cases of the variant type that begins at `at`: a name, an optional type, and a zero each. */
function variant(bytes, at) {
  let [count, next] = number(bytes, at + 1);
  const cases = [];
  for (; count > 0; count -= 1) {
    const begin = next;
    const [length, text] = number(bytes, begin);
    const name = bytes.toString("utf8", text, text + length);
    next = text + length;
    if (bytes[next] === 1) [, next] = number(bytes, next + 1);
    else next += 1;
    next += 1;
    cases.push({ name, bytes: bytes.subarray(begin, next) });
  }
  return { cases, end: next };
}

function caseOf(name, type) {
  return Buffer.from([name.length, ...Buffer.from(name), 1, ...type, 0]);
}

/** An unsigned LEB128 number, and where the next byte is. */
function number(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at];
    at += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function encoded(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}
