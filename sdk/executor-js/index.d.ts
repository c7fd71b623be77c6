/** What a change runs on: on PostgreSQL a `Client` of `pg`. Ending it before COMMIT takes everything back. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ rows: any[]; rowCount: number | null }>;
  end(): Promise<void>;
}

/** The same on MariaDB and MySQL: a `Connection` of `mysql2/promise`, with the character set `utf8mb4`. */
export interface MariadbClient {
  query(sql: string): Promise<[any, any]>;
  execute(sql: string, values?: any[]): Promise<[any, any]>;
  end(): Promise<void>;
}

export type Client = PostgresClient | MariadbClient;

/** An approved change, as `docs/reference/executor-request.v1.schema.json` describes it. */
export interface Request {
  purpose: "execute" | "dry_run" | "look_up";
  /** COMMIT is not begun after it. */
  not_after: string;
  proposal_id: string;
  proposal_digest: string;
  idempotency_key: string;
  attempt: number;
  action: string;
  tenant: string;
  principal: string;
  approval: { approved_by: string; approved_at: string; reason?: string };
  target: {
    source: string;
    engine: "postgres" | "mysql" | "sqlite";
    schema: string;
    table: string;
    key_column: string;
    key: Plain;
    tenant_column?: string;
  };
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

export interface Options<C extends Client = PostgresClient> {
  /** Where the changed row is, in the config's words; MariaDB is `mysql`. A request for another engine is failed. */
  engine?: "postgres" | "mysql";
  /** A new connection; it is ended with the request. */
  connect(): Promise<C>;
  /** What an approved change does, in the transaction of the receipt. */
  change(client: C, request: Request): Promise<Done | void>;
  /** Signing secrets by key id; two of them while one replaces the other. */
  keys?: Record<string, string>;
  token?: string;
  receiptsTable?: string;
  now?(): number;
}

/** The row is not the reviewed one; nothing changes. */
export declare class Conflict extends Error {
  constructor(code?: string, changedColumns?: string[]);
}
/** A rule of the application says no; nothing changes. */
export declare class Failed extends Error {}
export declare class Executor<C extends Client = PostgresClient> {
  constructor(options: Options<C>);
  overHttp(headers: Record<string, string | string[] | undefined>, body: Buffer): Promise<{ status: number; body: string }>;
  overStdio(line: Buffer): Promise<string>;
}
/** Locks the request's row and compares it with what was reviewed. An executor does so before it calls `change`. */
export declare function lock(client: Client, request: Request): Promise<void>;
/** Writes the approved patch into the locked row, moves its version where that is the executor's to do, and reads it back. */
export declare function update(client: Client, request: Request): Promise<void>;
export declare const BODY_BYTES_MAX: number;
