// The application's side of a synapsor executor, on PostgreSQL (`pg`) or on MariaDB and MySQL (`mysql2`).
//
// A request is verified, its row locked and compared, and the application's own function called, in one transaction with
// the receipt that makes a repeat harmless. What the function throws rolls everything back.
//
// Invariant: nothing of a request is believed before its token and signature are checked.
// Invariant: `applied` is answered only after COMMIT returned; a failure of COMMIT itself is answered with no document.
// Invariant: COMMIT is not begun after the request's `not_after`.

import { createHmac, timingSafeEqual } from "node:crypto";

import { Conflict, Failed, TooLate, TurnedAway } from "./refusals.mjs";
import { ENGINES, lock, update } from "./row.mjs";

export { Conflict, Failed, lock, update };

export const REQUEST = "synapsor.executor-request.v1";
export const ANSWER = "synapsor.executor-answer.v1";
export const CHECK = "synapsor.executor-check.v1";
export const BODY_BYTES_MAX = 1024 * 1024;
const PURPOSES = ["execute", "dry_run", "look_up"];
const SKEW_MS = 300_000;
const SECRET_BYTES_MIN = 32;
// The rest of a request's time is for the answer's way back.
const SHARE_FOR_WORK = 0.9;

export class Executor {
  constructor({
    engine = "postgres",
    connect,
    change,
    keys = {},
    token,
    receiptsTable = "synapsor_executor_receipts",
    now = Date.now,
  }) {
    if (!ENGINES.has(engine)) throw new TypeError(`\`engine\` is one of ${[...ENGINES.keys()].join(", ")}`);
    for (const secret of Object.values(keys)) {
      if (Buffer.byteLength(secret) < SECRET_BYTES_MIN) {
        throw new TypeError(`a signing secret has less than ${SECRET_BYTES_MIN} bytes`);
      }
    }
    this.engineName = engine;
    this.engine = ENGINES.get(engine);
    this.connect = connect;
    this.change = change;
    this.keys = new Map(Object.entries(keys));
    this.token = token;
    this.receipts = receiptsTable.split(".").map(this.engine.quoted).join(".");
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
    const leftMs = Date.parse(document.not_after) - this.now();
    if (!(leftMs >= 0)) throw new TurnedAway(408, "TOO_LATE");
    return this.#carryOut(document, this.now() + leftMs * SHARE_FOR_WORK);
  }

  async #check(question) {
    const client = await this.connect();
    try {
      await this.engine.begin(client, SKEW_MS);
      await this.engine.rows(client, `SELECT idempotency_key FROM ${this.receipts} LIMIT 0`, []);
    } finally {
      await client.end();
    }
    return { status: 200, body: JSON.stringify({ ...question, ready: true }) };
  }

  async #carryOut(request, last) {
    if (request.target.engine !== this.engineName) return said(422, request, "failed", { safe_error_code: "OTHER_ENGINE" });
    const client = await this.connect();
    try {
      const { outcome, rest } = await this.#prepared(client, request, last);
      if (outcome === "applied") await client.query("COMMIT");
      return said(200, request, outcome, rest);
    } catch (thrown) {
      if (thrown instanceof Conflict) {
        const rest = { safe_error_code: thrown.message, changed_columns: thrown.changedColumns };
        return said(409, request, "conflict", rest);
      }
      if (thrown instanceof Failed) return said(thrown.status, request, "failed", { safe_error_code: thrown.message });
      throw thrown;
    } finally {
      // After COMMIT this changes nothing; before it, the end of the connection takes everything back.
      await client.end();
    }
  }

  /** Everything up to COMMIT: what is to be answered, if that succeeds where it is needed. */
  async #prepared(client, request, last) {
    const left = () => {
      const leftMs = Math.floor(last - this.now());
      if (leftMs < 1) throw new TooLate();
      return leftMs;
    };
    try {
      await this.engine.begin(client, left());
      if (await this.#isDone(client, request, request.purpose === "execute")) return { outcome: "already_applied" };
      if (request.purpose === "look_up") return { outcome: "not_found" };
      await lock(client, request);
      if (request.purpose === "dry_run") return { outcome: "would_apply" };
      await this.engine.limit(client, left());
      const { rowsAffected = 1, newVersion } = (await this.change(client, request)) ?? {};
      // The last look: what is left is also how long COMMIT may take.
      await this.engine.limit(client, left());
      return { outcome: "applied", rest: { rows_affected: rowsAffected, new_version: newVersion } };
    } catch (thrown) {
      throw this.engine.isLate(thrown) ? new TooLate() : thrown;
    }
  }

  /** Whether this key has a receipt. Claiming it makes a second request under it wait for the end of this one. */
  async #isDone(client, request, claim) {
    const { idempotency_key: key, proposal_id: id, proposal_digest: digest } = request;
    if (claim && (await this.engine.claim(client, this.receipts, [key, id, digest]))) return false;
    const select = `SELECT proposal_digest FROM ${this.receipts} WHERE idempotency_key = ${this.engine.parameter(1)}`;
    const found = await this.engine.rows(client, select, [key]);
    if (found.length > 0 && found[0].proposal_digest !== digest) throw new Failed("IDEMPOTENCY_KEY_REUSED");
    return found.length > 0;
  }
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
