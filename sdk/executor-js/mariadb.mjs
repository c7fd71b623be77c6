// MariaDB and MySQL, through `mysql2/promise` or any client with its `query(sql)` and `execute(sql, values)`.
//
// The twin of `postgres.mjs`: the same names, in the same order. Nothing is decided by how many rows a statement affected:
// whether that counts the rows found or the rows changed is a flag of the connection.

import { Failed, TurnedAway } from "./refusals.mjs";

const DUPLICATE_KEY = 1062;
// Lock wait, statement on MariaDB, statement on MySQL.
const TIMEOUTS = [1205, 1969, 3024];
const STRICT =
  "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/** Begins a transaction, in UTC and refusing what does not fit, no statement of which outlives the time that is left. */
export async function begin(client, leftMs) {
  const [[{ charset }]] = await client.query("SELECT @@character_set_client AS charset");
  // Anything less cannot hold every value of a request.
  if (charset !== "utf8mb4") throw new TurnedAway(500, "CONNECTION_NOT_UTF8MB4");
  await client.query(`SET SESSION time_zone = '+00:00', SESSION sql_mode = '${STRICT}'`);
  await limit(client, leftMs);
  await client.query("START TRANSACTION");
}

/** Limits every statement from now on, waiting for locks included. MySQL knows the limits on waiting only, in seconds. */
export async function limit(client, leftMs) {
  const waitSeconds = Math.ceil(leftMs / 1000);
  const waits = `SESSION innodb_lock_wait_timeout = ${waitSeconds}, SESSION lock_wait_timeout = ${waitSeconds}`;
  await client.query(`SET ${waits} /*M! , SESSION max_statement_time = ${(leftMs / 1000).toFixed(3)} */`);
}

/** Whether the server gave up because of that limit. */
export function isLate(thrown) {
  return TIMEOUTS.includes(thrown?.errno);
}

/** Inserts a receipt; `false` where its key has one. Waits for whoever is inserting the same key. */
export async function claim(client, table, values) {
  const columns = "(idempotency_key, proposal_id, proposal_digest)";
  try {
    await client.execute(`INSERT INTO ${table} ${columns} VALUES (?, ?, ?)`, values);
    return true;
  } catch (thrown) {
    // The table has one unique key, so it is this one. The transaction goes on without the statement.
    if (thrown?.errno === DUPLICATE_KEY) return false;
    throw thrown;
  }
}

/** Runs a statement with its parameters; the rows. */
export async function rows(client, sql, values) {
  const [found] = await client.execute(sql, values);
  return found;
}

/** The type of every column of a table, by name. Refuses a table that takes no part in transactions. */
export async function kinds(client, target) {
  const sql = `SELECT c.column_name AS name, c.data_type AS type, c.numeric_scale AS scale, e.transactions AS transactions
    FROM information_schema.columns c
    JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    LEFT JOIN information_schema.engines e ON e.engine = t.engine
    WHERE c.table_schema = ? AND c.table_name = ?`;
  const found = await rows(client, sql, [target.schema, target.table]);
  if (found.some(({ transactions }) => transactions === "NO")) throw new Failed("TABLE_NOT_TRANSACTIONAL");
  return new Map(found.map(({ name, type, scale }) => [name, { type: type.toLowerCase(), scale: Number(scale ?? 0) }]));
}

/** Where the parameter of that number stands. */
export const parameter = () => "?";

/** An identifier. */
export function quoted(name) {
  return `\`${String(name).replaceAll("`", "``")}\``;
}

const NUMBERS = new Set(["tinyint", "smallint", "mediumint", "int", "bigint", "year", "decimal"]);
const TEXTS = new Set(["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum"]);
const BYTES = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);

/** A parameter in its plain form, as a value of that type. A number as text would be compared as a float. */
export function value({ type, scale }) {
  if (NUMBERS.has(type)) return `CAST(? AS DECIMAL(65, ${scale}))`;
  if (BYTES.has(type)) return "FROM_BASE64(?)";
  if (type === "datetime" || type === "timestamp") return "CAST(TRIM(TRAILING 'Z' FROM ?) AS DATETIME(6))";
  return type === "date" ? "CAST(? AS DATE)" : "?";
}

/** Whether a column holds the parameter: text byte for byte, the rest by its type. */
export function same(name, kind) {
  if (kind.type === "json") return `CAST(${quoted(name)} AS CHAR) <=> CAST(CAST(? AS JSON) AS CHAR)`;
  if (TEXTS.has(kind.type)) return `CAST(CONVERT(${quoted(name)} USING utf8mb4) AS BINARY) <=> CAST(? AS BINARY)`;
  return `${quoted(name)} <=> ${value(kind)}`;
}

/** The server's clock; the session's time zone is UTC. */
export function clock() {
  return "NOW(6)";
}
