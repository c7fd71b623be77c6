// Decimals, days and timestamps.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Day, Decimal, Timestamp, type Rounding } from "../src/index.js";

function decimal(text: string): Decimal {
  return Decimal.parse(text) ?? assert.fail(text);
}

function day(text: string): Day {
  return Day.parse(text) ?? assert.fail(text);
}

test("decimals are exact and print plainly", () => {
  assert.equal(decimal("0.10").plus(decimal("0.10")).plus(decimal("0.1")).toString(), "0.30");
  assert.equal(decimal("1.00").minus(decimal("3")).toString(), "-2.00");
  assert.equal(decimal("-0.5").times(decimal("0.05")).toString(), "-0.025");
  assert.equal(decimal("0.00000000000000000001").toString(), "0.00000000000000000001");
  assert.equal(Decimal.fromBigInt(1205n, 2).toString(), "12.05");
  assert.equal(decimal("12.000").toBigInt(), 12n);
  assert.equal(decimal("12.5").toBigInt(), undefined);
  assert.deepEqual([decimal("1.0").compare(decimal("1")), decimal("-2").compare(decimal("1"))], [0, -1]);
});

test("a quotient is rounded as asked", () => {
  const cases: [string, string, number, Rounding, string][] = [
    ["1", "3", 4, "half-even", "0.3333"],
    ["2.5", "1", 0, "half-even", "2"],
    ["3.5", "1", 0, "half-even", "4"],
    ["2.5", "1", 0, "half-up", "3"],
    ["-2.5", "1", 0, "half-up", "-3"],
    ["2.999", "1", 2, "down", "2.99"],
    ["1", "-0.3", 1, "half-up", "-3.3"],
    ["100", "0.5", 0, "down", "200"],
  ];
  for (const [dividend, divisor, scale, rounding, expected] of cases) {
    const quotient = decimal(dividend).dividedBy(decimal(divisor), scale, rounding);
    assert.equal(quotient.toString(), expected, `${dividend} / ${divisor}`);
  }
  assert.throws(() => decimal("1").dividedBy(decimal("0.0"), 2, "down"), RangeError);
  assert.throws(() => decimal("1").rounded(-1, "down"), RangeError);
});

test("what is not a decimal is not read", () => {
  for (const text of ["", "-", ".5", "1.", "1e5", "+1", " 1", "1\n", "NaN", "0x1", "١"]) {
    assert.equal(Decimal.parse(text), undefined, text);
  }
});

test("a day is read from dates, timestamps and text", () => {
  for (const text of ["2026-02-28", "2026-02-28T23:59:59.999999Z", "2026-02-28 10:00"]) {
    assert.equal(day(text).toString(), "2026-02-28");
  }
  for (const text of ["", "2026-2-28", "2026-02-30", "2025-02-29", "2026-13-01", "2026-01-00", "2026-02-281", "2026-02-28x"]) {
    assert.equal(Day.parse(text), undefined, text);
  }
});

test("days are counted over months, years and leap days", () => {
  const cases: [string, string, number][] = [
    ["2026-03-01", "2026-02-28", 1],
    ["2024-03-01", "2024-02-28", 2],
    ["2026-01-01", "2027-01-01", -365],
    ["2000-03-01", "1900-03-01", 36_525],
  ];
  for (const [later, earlier, days] of cases) assert.equal(day(later).daysSince(day(earlier)), days);
});

test("a timestamp keeps its microseconds and whether it is an instant", () => {
  const instant = Timestamp.parse("2026-06-30T12:00:00.000001Z") ?? assert.fail();
  assert.deepEqual([instant.toString(), instant.isInstant], ["2026-06-30T12:00:00.000001Z", true]);
  assert.equal(instant.microseconds, 1_782_820_800_000_001n);
  const earlier = Timestamp.parse("1969-12-31 23:59:59.5") ?? assert.fail();
  assert.deepEqual([earlier.toString(), earlier.microseconds], ["1969-12-31T23:59:59.500000", -500_000n]);
  for (const text of ["2026-06-30", "2026-06-30T24:00:00Z", "2026-06-30T12:00Z", "2026-02-30T12:00:00", "2026-06-30T12:00:00+02:00"]) {
    assert.equal(Timestamp.parse(text), undefined, text);
  }
});
