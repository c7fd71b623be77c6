// The application's database: MariaDB or MySQL, at APP_DATABASE_URL.

import mysql from "mysql2/promise";

export const engine = "mysql";

/** What it reads stays exact: no integer or decimal becomes a float, and no time is cut to milliseconds. */
export async function connect() {
  return mysql.createConnection({
    uri: process.env.APP_DATABASE_URL,
    charset: "utf8mb4",
    timezone: "Z",
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
}
