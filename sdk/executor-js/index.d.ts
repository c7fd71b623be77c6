/** What a change runs on; `pg`'s Client is one. Ending it before COMMIT takes everything back. */
export interface Client {
  query(text: string, values?: unknown[]): Promise<{ rows: any[]; rowCount: number | null }>;
  end(): Promise<void>;
}

/** An approved change, as `docs/reference/executor-request.v1.schema.json` describes it. */
export interface Request {
  purpose: "execute" | "dry_run" | "look_up";
  proposal_id: string;
  proposal_digest: string;
  idempotency_key: string;
  attempt: number;
  action: string;
  tenant: string;
  principal: string;
  approval: { approved_by: string; approved_at: string; reason?: string };
  target: { source: string; schema: string; table: string; key_column: string; key: Plain; tenant_column?: string };
  before: Record<string, Plain>;
  patch: Record<string, Plain>;
  after: Record<string, Plain>;
  guard: { kind: "row" } | { kind: "version"; column: string; expected: Plain; advance: "none" | "increment" | "now" };
  allowed_columns: string[];
}

/** An integer beyond ±2^53 and every decimal is a string. */
export type Plain = string | number | boolean | null;

export interface Done {
  rowsAffected?: number;
  newVersion?: Plain;
}

export interface Options {
  connect(): Promise<Client>;
  change(client: Client, request: Request): Promise<Done | void>;
  /** Signing secrets by key id; two of them while one replaces the other. */
  keys?: Record<string, string>;
  token?: string;
  receiptsTable?: string;
  now?(): number;
}

export declare class Conflict extends Error {
  constructor(code?: string, changedColumns?: string[]);
}
export declare class Failed extends Error {}
export declare class Executor {
  constructor(options: Options);
  overHttp(headers: Record<string, string | string[] | undefined>, body: Buffer): Promise<{ status: number; body: string }>;
  overStdio(line: Buffer): Promise<string>;
}
export declare function lock(client: Client, request: Request): Promise<void>;
export declare function quoted(name: string): string;
export declare function plain(value: Plain): string | null;
export declare const BODY_BYTES_MAX: number;
