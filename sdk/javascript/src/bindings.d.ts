// The contract's two imports as the component sees them: `wit/v0_1/handler.wit`, with integers as halves (`integers.mjs`).

declare module "synapsor:handler/reads@0.1.0" {
  type WireColumn = import("./wire.js").WireColumn;
  type WireKey = import("./wire.js").WireKey;

  export function get(read: string, key: WireKey): WireColumn[] | null;
  export function find(read: string, filters: WireColumn[]): WireColumn[][];
}

declare module "synapsor:handler/log@0.1.0" {
  export function write(level: "debug" | "info" | "warn", message: string): void;
}
