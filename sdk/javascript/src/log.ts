// Notes to the operator, kept with the call's evidence and never shown to the agent. `console` writes here too.

import { write } from "synapsor:handler/log@0.1.0";

/** Of interest when something is wrong. */
export function debug(line: string): void {
  write("debug", line);
}

/** Of interest. */
export function info(line: string): void {
  write("info", line);
}

/** Somebody should look. */
export function warn(line: string): void {
  write("warn", line);
}
