// The row of a request: locked, compared with what was reviewed, changed as approved.

import * as mariadb from "./mariadb.mjs";
import * as postgres from "./postgres.mjs";
import { Conflict, Failed } from "./refusals.mjs";

/** The engines, by the word a request's target has for them. */
export const ENGINES = new Map([
  ["postgres", postgres],
  ["mysql", mariadb],
]);

/** Locks the request's row; a Conflict where key, tenant, version or a captured column is not the reviewed one. */
export async function lock(client, request) {
  const { target, guard } = request;
  const expected = new Map(Object.entries(request.before)).set(target.key_column, target.key);
  if (target.tenant_column) expected.set(target.tenant_column, request.tenant);
  if (guard.kind === "version") expected.set(guard.column, guard.expected);
  const changed = await differing(client, request, await ground(client, target), expected);
  if (changed.includes(target.key_column) || changed.includes(target.tenant_column)) {
    throw new Conflict("ROW_NOT_FOUND_OR_WRONG_TENANT");
  }
  if (changed.length > 0) throw new Conflict("ROW_CHANGED_AFTER_PROPOSAL", changed);
}

/** Writes the approved patch into the locked row, moves its version where whoever applies does that, and reads it back. */
export async function update(client, request) {
  const { target, guard, patch } = request;
  const names = Object.keys(patch);
  if (!names.every((name) => request.allowed_columns.includes(name))) throw new Failed("COLUMN_NOT_ALLOWED");
  const { engine, kinds, table, where } = await ground(client, target);
  const assigned = names.map((name, at) => `${engine.quoted(name)} = ${engine.value(known(kinds, name), at + 1)}`);
  if (guard.kind === "version" && guard.advance !== "none") {
    const column = engine.quoted(guard.column);
    const moved = guard.advance === "increment" ? `${column} + 1` : engine.clock(known(kinds, guard.column));
    assigned.push(`${column} = ${moved}`);
  }
  const sql = `UPDATE ${table} SET ${assigned.join(", ")} WHERE ${where(names.length + 1)}`;
  await engine.rows(client, sql, [...Object.values(patch), target.key].map(plain));
  const approved = new Map(Object.entries(patch));
  const differs = await differing(client, request, { engine, kinds, table, where }, approved);
  // A trigger took it back, or the column cannot hold it.
  if (differs.length > 0) throw new Failed("NOT_AS_APPROVED");
}

/** What statements on the request's row are made of. */
async function ground(client, target) {
  const engine = ENGINES.get(target.engine);
  const kinds = await engine.kinds(client, target);
  const table = `${engine.quoted(target.schema)}.${engine.quoted(target.table)}`;
  const where = (at) => `${engine.quoted(target.key_column)} = ${engine.value(known(kinds, target.key_column), at)}`;
  return { engine, kinds, table, where };
}

function known(kinds, name) {
  if (!kinds.has(name)) throw new Failed("COLUMN_NOT_FOUND");
  return kinds.get(name);
}

/** The columns that do not hold what is expected of them, in one statement that locks the row. */
async function differing(client, request, { engine, kinds, table, where }, expected) {
  const names = [...expected.keys()].sort();
  const compared = names.map((name, at) => `${engine.same(name, known(kinds, name), at + 1)} AS c${at}`).join(", ");
  const sql = `SELECT ${compared} FROM ${table} WHERE ${where(names.length + 1)} FOR UPDATE`;
  const values = [...names.map((name) => expected.get(name)), request.target.key];
  const rows = await engine.rows(client, sql, values.map(plain));
  if (rows.length === 0) throw new Conflict("ROW_NOT_FOUND");
  if (rows.length > 1) throw new Failed("KEY_NOT_UNIQUE");
  return names.filter((_, at) => Number(rows[0][`c${at}`]) !== 1);
}

/** A value of a request as databases read it. */
function plain(value) {
  return value === null ? null : String(value);
}
