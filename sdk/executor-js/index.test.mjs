// What is not taken, and what a database is asked, without one: `node --test` in this folder.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Executor, update } from "./index.mjs";

const [SECRET, NEXT] = ["0".repeat(32), "1".repeat(32)];
const BODY = readFileSync(new URL("../../fixtures/protocol/executor-request.v1.json", import.meta.url));
const NOW = Date.parse("2026-06-20T14:36:09Z");

function signed(body, secret = SECRET, key = "current", which = "") {
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return { [`x-synapsor-${which}key-id`]: key, [`x-synapsor-${which}signature`]: signature };
}

async function refused(status, code, headers, body = BODY, over = {}) {
  const connect = async () => Promise.reject(new Error("the database is asked only for what was verified"));
  const executor = new Executor({ connect, change: undefined, keys: { current: SECRET }, now: () => NOW, ...over });
  assert.deepEqual(await executor.overHttp(headers, body), { status, body: JSON.stringify({ error: code }) });
}

test("only what one of the keys signed reaches the database", async () => {
  await refused(401, "INVALID_SIGNATURE", {});
  await refused(401, "INVALID_SIGNATURE", signed(BODY, NEXT));
  await refused(401, "INVALID_SIGNATURE", signed(BODY, SECRET, "constructor"));
  await refused(401, "INVALID_SIGNATURE", signed(BODY), Buffer.concat([BODY, Buffer.from(" ")]));
  // Verified: the database is asked, and is not there.
  await refused(500, "EXCEPTION", signed(BODY));
  await refused(500, "EXCEPTION", signed(BODY, NEXT, "next", "next-"), BODY, { keys: { next: NEXT } });
});

test("a token is asked for where there is one", async () => {
  await refused(401, "UNAUTHORIZED", signed(BODY), BODY, { token: "t" });
  await refused(500, "EXCEPTION", { ...signed(BODY), authorization: "Bearer t" }, BODY, { token: "t" });
});

test("nothing is taken without a secret, and a short one is none", async () => {
  await refused(500, "NO_SECRET_CONFIGURED", {}, BODY, { keys: {} });
  assert.throws(() => new Executor({ keys: { current: "hunter2" } }), TypeError);
});

test("an old, a late and a malformed request are turned away", async () => {
  await refused(401, "INVALID_ISSUED_AT", signed(BODY), BODY, { now: () => NOW + 360_000 });
  await refused(408, "TOO_LATE", signed(BODY), BODY, { now: () => NOW + 60_000 });
  for (const text of ["", '"x"', "null", "\xff"]) {
    const body = Buffer.from(text, "latin1");
    await refused(400, "BAD_REQUEST", signed(body), body);
  }
  for (const [over, code] of [
    [{ schema_version: "synapsor.executor-request.v9" }, "UNSUPPORTED_SCHEMA_VERSION"],
    [{ purpose: "anything" }, "UNSUPPORTED_PURPOSE"],
  ]) {
    const body = Buffer.from(JSON.stringify({ ...JSON.parse(BODY), ...over }));
    await refused(400, code, signed(body), body);
  }
});

/** A database that says yes to everything, and remembers what it was asked. */
function database({ answers = {}, throws = {} } = {}) {
  const asked = [];
  const said = (sql) => {
    asked.push(sql);
    const found = Object.keys(throws).find((part) => sql.includes(part));
    if (found !== undefined) throw Object.assign(new Error("the server's words"), throws[found]);
    const answer = Object.keys(answers).find((part) => sql.includes(part));
    return answer === undefined ? [] : answers[answer];
  };
  const client = {
    query: async (sql) => {
      const rows = said(sql);
      return Object.assign([rows], { rows, rowCount: 1 });
    },
    execute: async (sql) => [said(sql)],
    end: async () => void asked.push("the end"),
  };
  return { asked, client };
}

const COLUMNS = Object.keys(JSON.parse(BODY).before);
const ON = {
  postgres: { pg_attribute: COLUMNS.map((name) => ({ name, kind: "text" })), "AS c0": [held(COLUMNS)] },
  mysql: {
    "@@character_set_client": [{ charset: "utf8mb4" }],
    information_schema: COLUMNS.map((name) => ({ name, type: "varchar", scale: null, transactions: "YES" })),
    "AS c0": [held(COLUMNS)],
  },
};

function held(names) {
  return Object.fromEntries(names.map((_, at) => [`c${at}`, 1]));
}

/** What an executor on that engine answers to the golden request, and what the database was asked. */
async function answered(engine, { over = {}, ...faults } = {}) {
  const request = JSON.parse(BODY);
  const body = Buffer.from(JSON.stringify({ ...request, target: { ...request.target, engine } }));
  const { asked, client } = database({ answers: { ...ON[engine], ...faults.answers }, throws: faults.throws });
  const change = async () => {};
  const options = { engine, connect: async () => client, change, keys: { current: SECRET }, now: () => NOW, ...over };
  const { status, body: text } = await new Executor(options).overHttp(signed(body), body);
  return { status, answer: JSON.parse(text), asked };
}

for (const [engine, duplicate, late] of [
  ["postgres", undefined, { code: "57014" }],
  ["mysql", { "INSERT INTO": { errno: 1062 } }, { errno: 1969 }],
]) {
  test(`on ${engine} a change is applied with its receipt, and repeated it is not`, async () => {
    const { status, answer, asked } = await answered(engine);
    assert.deepEqual([status, answer.status, answer.rows_affected], [200, "applied", 1]);
    assert.deepEqual(asked.slice(-2), ["COMMIT", "the end"]);
    if (duplicate === undefined) return;
    const digest = JSON.parse(BODY).proposal_digest;
    const receipts = { "SELECT proposal_digest": [{ proposal_digest: digest }] };
    const again = await answered(engine, { throws: duplicate, answers: receipts });
    assert.deepEqual([again.status, again.answer.status], [200, "already_applied"]);
    const other = await answered(engine, { throws: duplicate, answers: { "SELECT proposal_digest": [{}] } });
    assert.deepEqual([other.status, other.answer.safe_error_code], [422, "IDEMPOTENCY_KEY_REUSED"]);
  });

  test(`on ${engine} nothing is committed after the request's time`, async () => {
    const waited = await answered(engine, { throws: { "AS c0": late } });
    assert.deepEqual([waited.status, waited.answer.status, waited.answer.safe_error_code], [408, "failed", "TOO_LATE"]);
    let now = NOW;
    const slow = async () => void (now += 4_900);
    const { status, answer, asked } = await answered(engine, { over: { now: () => now, change: slow } });
    assert.deepEqual([status, answer.status, answer.safe_error_code], [408, "failed", "TOO_LATE"]);
    assert.ok(!asked.includes("COMMIT"));
  });

  test(`on ${engine} a row that is not the reviewed one, and columns the capability may not change, are refused`, async () => {
    const answers = { "AS c0": [{ ...held(COLUMNS), c4: 0 }] };
    const { status, answer, asked } = await answered(engine, { answers });
    assert.deepEqual([status, answer.status, answer.changed_columns], [409, "conflict", ["late_fee_cents"]]);
    assert.ok(!asked.includes("COMMIT"));
    const change = (client, request) => update(client, { ...request, allowed_columns: [] });
    const refused = await answered(engine, { over: { change } });
    assert.deepEqual([refused.status, refused.answer.safe_error_code], [422, "COLUMN_NOT_ALLOWED"]);
  });
}

test("a request for another engine, an unknown one, and a connection that cannot hold every value are refused", async () => {
  const other = await answered("mysql", { over: { engine: "postgres" } });
  assert.deepEqual([other.status, other.answer.safe_error_code, other.asked], [422, "OTHER_ENGINE", []]);
  assert.throws(() => new Executor({ engine: "sqlite" }), TypeError);
  const narrow = await answered("mysql", { answers: { "@@character_set_client": [{ charset: "latin1" }] } });
  assert.deepEqual([narrow.status, narrow.answer], [500, { error: "CONNECTION_NOT_UTF8MB4" }]);
  const engines = COLUMNS.map((name) => ({ name, type: "varchar", scale: null, transactions: "NO" }));
  const unsafe = await answered("mysql", { answers: { information_schema: engines } });
  assert.deepEqual([unsafe.status, unsafe.answer.safe_error_code], [422, "TABLE_NOT_TRANSACTIONAL"]);
});
