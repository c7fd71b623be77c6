// What an approved change does here. Yours to write; everything runs in one transaction with the receipt.
//
// The row of the request is locked and is the reviewed one when this is called. Throw `new Failed("CODE")` where a rule says
// no: nothing is kept, and an operator may have it tried again.

import pg from "pg";

import { Executor, Failed, plain, quoted } from "./synapsor-executor/index.mjs";

async function connect() {
  const client = new pg.Client({ connectionString: process.env.APP_DATABASE_URL });
  await client.connect();
  return client;
}

async function change(client, request) {
  const { target, guard, patch } = request;
  const columns = Object.keys(patch);
  if (!columns.every((column) => request.allowed_columns.includes(column))) throw new Failed("COLUMN_NOT_ALLOWED");
  const assignments = columns.map((column, at) => `${quoted(column)} = $${at + 1}`);
  // Moves the version where the config leaves that to whoever applies.
  if (guard.kind === "version" && guard.advance === "increment") {
    assignments.push(`${quoted(guard.column)} = ${quoted(guard.column)} + 1`);
  }
  if (guard.kind === "version" && guard.advance === "now") {
    assignments.push(`${quoted(guard.column)} = clock_timestamp()`);
  }
  const table = `${quoted(target.schema)}.${quoted(target.table)}`;
  const where = `${quoted(target.key_column)}::text = $${columns.length + 1}`;
  const values = [...Object.values(patch).map(plain), plain(target.key)];
  const { rowCount } = await client.query(`UPDATE ${table} SET ${assignments.join(", ")} WHERE ${where}`, values);
  if (rowCount !== 1) throw new Failed("NOT_ONE_ROW");
  return { rowsAffected: 1 };
}

const { EXECUTOR_SECRET, EXECUTOR_NEXT_SECRET, EXECUTOR_TOKEN } = process.env;
const keys = Object.entries({ current: EXECUTOR_SECRET, next: EXECUTOR_NEXT_SECRET }).filter(([, secret]) => secret);

export const executor = new Executor({
  connect,
  change,
  keys: Object.fromEntries(keys),
  token: EXECUTOR_TOKEN || undefined,
});
