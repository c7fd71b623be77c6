// Stands in for the contract's import `reads`: answers what a test has put into `answers`, or fails with `error`.

import type { WireColumn, WireKey } from "../src/wire.js";

export const asked: unknown[] = [];
export const answers: (WireColumn[][] | { error: string })[] = [];

function answer(ask: unknown): WireColumn[][] {
  asked.push(ask);
  const next = answers.shift() ?? [];
  if (Array.isArray(next)) return next;
  throw Object.assign(new Error("the runtime's own"), { payload: next.error });
}

export function get(read: string, key: WireKey): WireColumn[] | null {
  return answer({ read, key })[0] ?? null;
}

export function find(read: string, filters: WireColumn[]): WireColumn[][] {
  return answer({ read, filters });
}
