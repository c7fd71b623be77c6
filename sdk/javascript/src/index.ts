// What a TypeScript or JavaScript handler is written with: typed access to the call and the row, a builder for the change,
// and the contract's two imports.
//
// A handler decides one call of one proposal capability. It is a pure function of what it is given and what its declared
// reads return; there is no clock, no randomness and no file behind this package.
//
// Absent on purpose: numbers for database values. An integer is a BigInt, a fraction a `Decimal`.
//
// Modules in reading order, but for the first, which must run before any other.

import "./surroundings.js";

export { handler, type Propose } from "./export.js";
export { Call } from "./call.js";
export { Columns } from "./columns.js";
export type { Scalar, Value } from "./value.js";
export { Decimal, type Rounding } from "./decimal.js";
export { Day } from "./day.js";
export { Timestamp } from "./timestamp.js";
export { Change } from "./change.js";
export { Refusal, refuse } from "./refusal.js";
export { Misuse } from "./misuse.js";
export * as reads from "./reads.js";
export * as log from "./log.js";
