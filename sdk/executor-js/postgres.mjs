// PostgreSQL, through `pg` or any client with `query(text, values)` that answers `{ rows, rowCount }`.
//
// The twin of `mariadb.mjs`: the same names, in the same order.

/** Begins a transaction no statement of which outlives the time that is left. */
export async function begin(client, leftMs) {
  await client.query("BEGIN");
  await limit(client, leftMs);
}

/** Limits every statement from now on, waiting for locks and COMMIT included. */
export async function limit(client, leftMs) {
  await client.query(`SET LOCAL statement_timeout = ${leftMs}`);
}

/** Whether the server gave up because of that limit: `query_canceled`, `lock_not_available`. */
export function isLate(thrown) {
  return ["57014", "55P03"].includes(thrown?.code);
}

/** Inserts a receipt; `false` where its key has one. Waits for whoever is inserting the same key. */
export async function claim(client, table, values) {
  const columns = "(idempotency_key, proposal_id, proposal_digest)";
  const sql = `INSERT INTO ${table} ${columns} VALUES ($1, $2, $3) ON CONFLICT (idempotency_key) DO NOTHING`;
  return (await client.query(sql, values)).rowCount === 1;
}

/** Runs a statement with its parameters; the rows. */
export async function rows(client, sql, values) {
  return (await client.query(sql, values)).rows;
}

/** The type of every column of a table, by name. */
export async function kinds(client, target) {
  const sql = `SELECT a.attname AS name, pg_catalog.format_type(a.atttypid, NULL) AS kind
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`;
  const found = await rows(client, sql, [target.schema, target.table]);
  return new Map(found.map(({ name, kind }) => [name, kind]));
}

/** Where the parameter of that number stands. */
export const parameter = (at) => `$${at}`;

/** An identifier. */
export function quoted(name) {
  return `"${String(name).replaceAll('"', '""')}"`;
}

const DOCUMENTS = new Set(["json", "jsonb"]);
const TEXTS = new Set(["text", "character varying", "character", "citext", "name"]);

/** A parameter in its plain form, as a value of that type. */
export function value(kind, at) {
  if (kind === "bytea") return `decode($${at}::text, 'base64')`;
  // A cast to `character` would keep one character of it.
  return TEXTS.has(kind) ? `$${at}::text` : `$${at}::text::${kind}`;
}

/** Whether a column holds the parameter: text byte for byte, the rest by its type. */
export function same(name, kind, at) {
  const bytes = (expression) => `${quoted(name)}::text COLLATE "C" IS NOT DISTINCT FROM ${expression}`;
  if (DOCUMENTS.has(kind)) return bytes(`${value(kind, at)}::text`);
  return TEXTS.has(kind) ? bytes(value(kind, at)) : `${quoted(name)} IS NOT DISTINCT FROM ${value(kind, at)}`;
}

/** The server's clock in a column of that type. */
export function clock(kind) {
  return kind === "timestamp without time zone" ? "clock_timestamp() AT TIME ZONE 'UTC'" : "clock_timestamp()";
}
