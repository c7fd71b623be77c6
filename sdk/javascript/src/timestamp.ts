// A timestamp to the microsecond, with the text it came as.

import { Day } from "./day.js";

/** An instant, or a time of day on a date where the column knows no offset. */
export class Timestamp {
  private constructor(
    private readonly text: string,
    /** Its day, in UTC where the offset is known. */
    readonly day: Day,
    /** Microseconds since 1970-01-01T00:00:00, so that timestamps can be compared and subtracted exactly. */
    readonly microseconds: bigint,
    /** Whether the column knows its offset. Comparing an instant with a time of day says little. */
    readonly isInstant: boolean,
  ) {}

  /** `YYYY-MM-DDThh:mm:ss`, with up to six digits of a second's fraction, with `Z` or without; a space may stand for `T`. */
  static parse(text: string): Timestamp | undefined {
    const parts = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(Z?)$/.exec(text);
    const day = Day.parse(parts?.[1] ?? "");
    if (!parts || !day) return undefined;
    const [hours, minutes, seconds] = [Number(parts[2]), Number(parts[3]), Number(parts[4])];
    if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
    const fraction = (parts[5] ?? "").padEnd(6, "0");
    const secondsSince1970 = day.daysSince(EPOCH) * 86_400 + hours * 3_600 + minutes * 60 + seconds;
    const written = `${parts[1]}T${parts[2]}:${parts[3]}:${parts[4]}.${fraction}${parts[6]}`;
    return new Timestamp(written, day, BigInt(secondsSince1970) * 1_000_000n + BigInt(fraction), parts[6] === "Z");
  }

  /** As the contract writes it: `YYYY-MM-DDThh:mm:ss.ffffff`, and `Z` for an instant. */
  toString(): string {
    return this.text;
  }
}

const EPOCH = Day.parse("1970-01-01") as Day;
