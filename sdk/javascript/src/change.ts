// The answer "yes": which columns to change on the one target row, and why in a line.

import { toValue, type Scalar, type Value } from "./value.js";

/** New values by column. The runner still checks each against the capability's allowed columns, bounds and transitions. */
export class Change {
  readonly #columns = new Map<string, Value>();
  #summary: string | null = null;

  /** Sets a column. A column set twice keeps the later value; `null` is SQL NULL. */
  set(column: string, value: Scalar): this {
    const exact = toValue(value);
    this.#columns.delete(column);
    this.#columns.set(column, exact);
    return this;
  }

  /** One line for the person who decides, at most 500 characters. */
  summary(line: string): this {
    this.#summary = line;
    return this;
  }

  /** @internal */
  parts(): { columns: ReadonlyMap<string, Value>; summary: string | null } {
    return { columns: this.#columns, summary: this.#summary };
  }
}
