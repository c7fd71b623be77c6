// The application's database: PostgreSQL, at APP_DATABASE_URL.

import pg from "pg";

export const engine = "postgres";

export async function connect() {
  const client = new pg.Client({ connectionString: process.env.APP_DATABASE_URL });
  await client.connect();
  return client;
}
