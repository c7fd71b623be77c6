// What is not taken, without a database: `node --test` in this folder.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Executor } from "./index.mjs";

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
