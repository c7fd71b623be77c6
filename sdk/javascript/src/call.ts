// One call of the capability, as the runner established it.

import { Columns } from "./columns.js";
import { Day } from "./day.js";
import { Timestamp } from "./timestamp.js";
import type { WireColumn } from "./wire.js";

/** The contract's `invocation`. */
export interface WireInvocation {
  capability: string;
  tenant: string;
  principal: string;
  now: string;
  arguments: WireColumn[];
  settings: WireColumn[];
}

/** Who asks for what, when, with which arguments. */
export class Call {
  /** The capability's name. */
  readonly capability: string;
  /** Whose data. Established by the runner, never taken from the arguments. */
  readonly tenant: string;
  /** Who is asking. Established likewise. */
  readonly principal: string;
  /** The checked arguments. */
  readonly arguments: Columns;
  /** The capability's settings from the config. */
  readonly settings: Columns;
  readonly #now: string;

  /** @internal */
  constructor(invocation: WireInvocation) {
    this.capability = invocation.capability;
    this.tenant = invocation.tenant;
    this.principal = invocation.principal;
    this.#now = invocation.now;
    this.arguments = new Columns((name) => `argument \`${name}\``, invocation.arguments);
    this.settings = new Columns((name) => `setting \`${name}\``, invocation.settings);
  }

  /** When the call was received. A rerun sees the same instant; there is no other clock. */
  get now(): Timestamp {
    // The runner writes it in the contract's form.
    return Timestamp.parse(this.#now) as Timestamp;
  }

  /** The day of {@link now}, in UTC. */
  today(): Day {
    return Day.parse(this.#now) as Day;
  }
}
