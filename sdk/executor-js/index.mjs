// The application's side of a synapsor executor, for PostgreSQL and any client with `query(text, values)`, such as `pg`.
//
// A request is verified, its row locked and compared, and the application's own function called, in one transaction with
// the receipt that makes a repeat harmless. What the function throws rolls everything back.
//
// Invariant: nothing of a request is believed before its token and signature are checked.
// Invariant: `applied` is answered only after COMMIT returned; a failure of COMMIT itself is answered with no document.

import { createHmac, timingSafeEqual } from "node:crypto";

export const REQUEST = "synapsor.executor-request.v1";
export const ANSWER = "synapsor.executor-answer.v1";
export const CHECK = "synapsor.executor-check.v1";
export const BODY_BYTES_MAX = 1024 * 1024;
const PURPOSES = ["execute", "dry_run", "look_up"];
const SKEW_MS = 300_000;
const SECRET_BYTES_MIN = 32;

/** The row is not the reviewed one; nothing changes. */
export class Conflict extends Error {
  constructor(code = "ROW_CHANGED", changedColumns = []) {
    super(code);
    this.changedColumns = changedColumns;
  }
}

/** A rule of the application says no; nothing changes. */
export class Failed extends Error {}

/** The request is not taken at all. */
class TurnedAway extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
  }
}

export class Executor {
  constructor({ connect, change, keys = {}, token, receiptsTable = "synapsor_executor_receipts", now = Date.now }) {
    for (const secret of Object.values(keys)) {
      if (Buffer.byteLength(secret) < SECRET_BYTES_MIN) {
        throw new TypeError(`a signing secret has less than ${SECRET_BYTES_MIN} bytes`);
      }
    }
    this.connect = connect;
    this.change = change;
    this.keys = new Map(Object.entries(keys));
    this.token = token;
    this.receipts = receiptsTable.split(".").map(quoted).join(".");
    this.now = now;
  }

  /** Answers one HTTP request: a status and a body, to be sent as `application/json`. */
  async overHttp(headers, body) {
    if (this.keys.size === 0 && this.token === undefined) return error(500, "NO_SECRET_CONFIGURED");
    try {
      this.#verify(headers, body);
      return await this.#answer(body);
    } catch (thrown) {
      // Whatever else broke, COMMIT included: whether the change is there, the next look-up tells.
      return thrown instanceof TurnedAway ? error(thrown.status, thrown.message) : error(500, "EXCEPTION");
    }
  }

  /** Answers one command's standard input. Whoever may run the command may ask; nothing is signed. */
  async overStdio(line) {
    try {
      return (await this.#answer(line)).body;
    } catch (thrown) {
      if (thrown instanceof TurnedAway) return error(400, thrown.message).body;
      throw thrown;
    }
  }

  #verify(headers, body) {
    if (body.length > BODY_BYTES_MAX) throw new TurnedAway(413, "BODY_TOO_LARGE");
    if (this.token !== undefined && !equal(headers["authorization"], `Bearer ${this.token}`)) {
      throw new TurnedAway(401, "UNAUTHORIZED");
    }
    const isSigned = (which) => {
      const secret = this.keys.get(headers[`x-synapsor-${which}key-id`]);
      if (secret === undefined) return false;
      const expected = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
      return equal(headers[`x-synapsor-${which}signature`], expected);
    };
    if (this.keys.size > 0 && !isSigned("") && !isSigned("next-")) throw new TurnedAway(401, "INVALID_SIGNATURE");
  }

  async #answer(body) {
    const document = parsed(body);
    // A signature covers the time it was made at, so an old request cannot be sent again.
    const issuedAt = Date.parse(document.issued_at);
    if (!(Math.abs(this.now() - issuedAt) <= SKEW_MS)) throw new TurnedAway(401, "INVALID_ISSUED_AT");
    if (document.schema_version === CHECK) return this.#check(document);
    if (document.schema_version !== REQUEST) throw new TurnedAway(400, "UNSUPPORTED_SCHEMA_VERSION");
    if (!PURPOSES.includes(document.purpose)) throw new TurnedAway(400, "UNSUPPORTED_PURPOSE");
    if (!(this.now() <= Date.parse(document.not_after))) throw new TurnedAway(408, "TOO_LATE");
    return this.#carryOut(document);
  }

  async #check(question) {
    const client = await this.connect();
    try {
      await client.query(`SELECT idempotency_key FROM ${this.receipts} LIMIT 0`);
    } finally {
      await client.end();
    }
    return { status: 200, body: JSON.stringify({ ...question, ready: true }) };
  }

  async #carryOut(request) {
    const client = await this.connect();
    try {
      await client.query("BEGIN");
      if (await this.#isDone(client, request, request.purpose === "execute")) {
        return said(200, request, "already_applied");
      }
      if (request.purpose === "look_up") return said(200, request, "not_found");
      await lock(client, request);
      if (request.purpose === "dry_run") return said(200, request, "would_apply");
      const done = (await this.change(client, request)) ?? {};
      await client.query("COMMIT");
      const { rowsAffected = 1, newVersion } = done;
      return said(200, request, "applied", { rows_affected: rowsAffected, new_version: newVersion });
    } catch (thrown) {
      if (thrown instanceof Conflict) {
        const rest = { safe_error_code: thrown.message, changed_columns: thrown.changedColumns };
        return said(409, request, "conflict", rest);
      }
      if (thrown instanceof Failed) return said(422, request, "failed", { safe_error_code: thrown.message });
      throw thrown;
    } finally {
      // After COMMIT this changes nothing; before it, the end of the connection takes everything back.
      await client.end();
    }
  }

  /** Whether this key has a receipt. Claiming it makes a second request under it wait for the end of this one. */
  async #isDone(client, request, claim) {
    const { idempotency_key: key, proposal_id: id, proposal_digest: digest } = request;
    if (claim) {
      const columns = "(idempotency_key, proposal_id, proposal_digest)";
      const insert = `INSERT INTO ${this.receipts} ${columns} VALUES ($1, $2, $3) ON CONFLICT (idempotency_key) DO NOTHING`;
      if ((await client.query(insert, [key, id, digest])).rowCount === 1) return false;
    }
    const select = `SELECT proposal_digest FROM ${this.receipts} WHERE idempotency_key = $1`;
    const { rows } = await client.query(select, [key]);
    if (rows.length > 0 && rows[0].proposal_digest !== digest) throw new Failed("IDEMPOTENCY_KEY_REUSED");
    return rows.length > 0;
  }
}

/** Locks the request's row; a Conflict where key, tenant, version or a captured column is not the reviewed one. */
export async function lock(client, request) {
  const { target, guard } = request;
  const table = `${quoted(target.schema)}.${quoted(target.table)}`;
  const expected = new Map(Object.entries(request.before)).set(target.key_column, target.key);
  if (target.tenant_column) expected.set(target.tenant_column, request.tenant);
  if (guard.kind === "version") expected.set(guard.column, guard.expected);
  const names = [...expected.keys()].sort();
  const types = names.map((name, at) => `pg_typeof(${quoted(name)})::text AS t${at}`).join(", ");
  const where = (parameter) => `${quoted(target.key_column)}::text = $${parameter}`;
  const key = plain(target.key);
  const locked = await client.query(`SELECT ${types} FROM ${table} WHERE ${where(1)} FOR UPDATE`, [key]);
  if (locked.rows.length === 0) throw new Conflict("ROW_NOT_FOUND");
  const compared = names.map((name, at) => `${same(name, locked.rows[0][`t${at}`], at + 1)} AS c${at}`).join(", ");
  const values = [...names.map((name) => plain(expected.get(name))), key];
  const { rows } = await client.query(`SELECT ${compared} FROM ${table} WHERE ${where(values.length)}`, values);
  const changed = names.filter((_, at) => rows[0][`c${at}`] !== true);
  if (changed.includes(target.key_column) || changed.includes(target.tenant_column)) {
    throw new Conflict("ROW_NOT_FOUND_OR_WRONG_TENANT");
  }
  if (changed.length > 0) throw new Conflict("ROW_CHANGED_AFTER_PROPOSAL", changed);
}

/** An identifier. */
export function quoted(name) {
  return `"${String(name).replaceAll('"', '""')}"`;
}

/** A value of a request as PostgreSQL reads it. */
export function plain(value) {
  return value === null ? null : String(value);
}

const TEXTS = new Set(["text", "character varying", "character", "citext", "name", "json", "jsonb"]);

/** Compares a column with a value in its plain form: text byte for byte, the rest by its type. */
function same(name, kind, parameter) {
  const column = quoted(name);
  if (TEXTS.has(kind)) return `${column}::text COLLATE "C" IS NOT DISTINCT FROM $${parameter}::text`;
  if (kind === "bytea") {
    return `translate(encode(${column}, 'base64'), E'\\n', '') IS NOT DISTINCT FROM $${parameter}::text`;
  }
  return `${column} IS NOT DISTINCT FROM $${parameter}::text::${kind}`;
}

function parsed(body) {
  try {
    const document = JSON.parse(body.toString());
    if (document !== null && typeof document === "object") return document;
  } catch {
    // Told below, as every other document that is none.
  }
  throw new TurnedAway(400, "BAD_REQUEST");
}

function equal(given, expected) {
  const [left, right] = [Buffer.from(String(given)), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function said(status, request, outcome, rest = {}) {
  const { proposal_id, proposal_digest, idempotency_key } = request;
  const ids = { schema_version: ANSWER, proposal_id, proposal_digest, idempotency_key };
  return { status, body: JSON.stringify({ ...ids, status: outcome, ...rest }) };
}

function error(status, code) {
  return { status, body: JSON.stringify({ error: code }) };
}
