// Exact decimal numbers of any size.

/** How a digit that does not fit is dealt with: cut off, or to the nearest with a tie away from zero or to the even digit. */
export type Rounding = "down" | "half-up" | "half-even";

/** An exact decimal. It keeps its trailing zeros, as databases do: `12.50` has the scale 2. */
export class Decimal {
  private constructor(
    private readonly digits: bigint,
    /** Digits after the point. */
    readonly scale: number,
  ) {}

  /** Plain notation: an optional `-`, digits, and optionally a point and digits. Nothing for any other text. */
  static parse(text: string): Decimal | undefined {
    const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
    if (!parts) return undefined;
    const fraction = parts[3] ?? "";
    const digits = BigInt(`${parts[2]}${fraction}`);
    return new Decimal(parts[1] ? -digits : digits, fraction.length);
  }

  /** `units` divided by ten to the power of `scale`: 1205 cents are `Decimal.fromBigInt(1205n, 2)`. */
  static fromBigInt(units: bigint, scale = 0): Decimal {
    return new Decimal(units, wholeScale(scale));
  }

  /** The sum. */
  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.unitsAt(scale) + other.unitsAt(scale), scale);
  }

  /** The difference. */
  minus(other: Decimal): Decimal {
    return this.plus(other.negated());
  }

  /** The product. */
  times(other: Decimal): Decimal {
    return new Decimal(this.digits * other.digits, this.scale + other.scale);
  }

  /** The quotient to `scale` digits after the point. Throws a `RangeError` where the divisor is zero. */
  dividedBy(divisor: Decimal, scale: number, rounding: Rounding): Decimal {
    const power = wholeScale(scale) + divisor.scale - this.scale;
    const dividend = power > 0 ? this.digits * 10n ** BigInt(power) : this.digits;
    const by = power < 0 ? divisor.digits * 10n ** BigInt(-power) : divisor.digits;
    return new Decimal(quotient(dividend, by, rounding), scale);
  }

  /** This number to `scale` digits after the point. */
  rounded(scale: number, rounding: Rounding): Decimal {
    return this.dividedBy(ONE, scale, rounding);
  }

  /** The number with the other sign. */
  negated(): Decimal {
    return new Decimal(-this.digits, this.scale);
  }

  /** Negative, zero or positive, as this number is less than, equal to or greater than `other`. `1.0` equals `1`. */
  compare(other: Decimal): -1 | 0 | 1 {
    const { digits } = this.minus(other);
    return digits < 0n ? -1 : digits > 0n ? 1 : 0;
  }

  /** The whole number it is, or nothing where it has a fraction. */
  toBigInt(): bigint | undefined {
    const unit = 10n ** BigInt(this.scale);
    return this.digits % unit === 0n ? this.digits / unit : undefined;
  }

  /** Plain notation, never an exponent. */
  toString(): string {
    const negative = this.digits < 0n;
    const digits = (negative ? -this.digits : this.digits).toString().padStart(this.scale + 1, "0");
    const point = digits.length - this.scale;
    return `${negative ? "-" : ""}${digits.slice(0, point)}${this.scale > 0 ? "." : ""}${digits.slice(point)}`;
  }

  private unitsAt(scale: number): bigint {
    return this.digits * 10n ** BigInt(scale - this.scale);
  }
}

const ONE = Decimal.fromBigInt(1n);

function wholeScale(scale: number): number {
  if (!Number.isInteger(scale) || scale < 0) throw new RangeError("a scale is a whole number from 0");
  return scale;
}

function quotient(dividend: bigint, divisor: bigint, rounding: Rounding): bigint {
  const cut = dividend / divisor;
  const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
  const twice = 2n * absolute(dividend % divisor);
  const tie = rounding === "half-up" || cut % 2n !== 0n;
  const away = rounding !== "down" && (twice > absolute(divisor) || (twice === absolute(divisor) && tie));
  return away ? cut + (dividend < 0n === divisor < 0n ? 1n : -1n) : cut;
}
