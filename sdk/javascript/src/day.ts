// A day of the calendar, since most rules about time are about days and years.

/** A day of the Gregorian calendar, in the years 0 to 9999. */
export class Day {
  private constructor(
    /** The year. */
    readonly year: number,
    /** The month, 1 to 12. */
    readonly month: number,
    /** The day of the month, from 1. */
    readonly day: number,
  ) {}

  /**
   * The day that `text` begins with: `YYYY-MM-DD`, alone or followed by `T` or a space and a time of day. The day is taken
   * as written; the runner gives instants in UTC.
   */
  static parse(text: string): Day | undefined {
    const parts = /^(\d{4})-(\d{2})-(\d{2})(?:$|[T ])/.exec(text);
    if (!parts) return undefined;
    const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
    return day >= 1 && day <= monthLength(year, month) ? new Day(year, month, day) : undefined;
  }

  /** Days from `earlier` to this day; negative when this day is the earlier one. */
  daysSince(earlier: Day): number {
    return this.number() - earlier.number();
  }

  /** `YYYY-MM-DD`. Texts of days sort as the days do. */
  toString(): string {
    const digits = (value: number, count: number): string => value.toString().padStart(count, "0");
    return `${digits(this.year, 4)}-${digits(this.month, 2)}-${digits(this.day, 2)}`;
  }

  /** Days since 0000-03-01. Years are counted from March, so that a leap day is the last day of its year. */
  private number(): number {
    const [year, monthsSinceMarch] = this.month < 3 ? [this.year - 1, this.month + 9] : [this.year, this.month - 3];
    const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
    // 153 days in each five months from March: 31, 30, 31, 30, 31.
    return year * 365 + leapDays + Math.floor((153 * monthsSinceMarch + 2) / 5) + this.day - 1;
  }
}

/** No days for a month that is none. */
function monthLength(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
}
