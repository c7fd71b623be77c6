// What an approved change does here. Yours to write; everything runs in one transaction with the receipt, and nothing of it
// stays where that cannot end before the request's `not_after`.
//
// The row of the request is locked and is the reviewed one when this is called. Throw `new Failed("CODE")` where a rule says
// no: nothing is kept, and an operator may have it tried again.

import { connect, engine } from "./database.mjs";
import { Executor, Failed, update } from "./synapsor-executor/index.mjs";

async function change(client, request) {
  if (Object.keys(request.patch).length === 0) throw new Failed("NOTHING_TO_CHANGE");
  // The approved patch, as the runner itself would write it. Inserts, events and other rows go beside it, on the same client.
  await update(client, request);
  return { rowsAffected: 1 };
}

const { EXECUTOR_SECRET, EXECUTOR_NEXT_SECRET, EXECUTOR_TOKEN } = process.env;
const keys = Object.entries({ current: EXECUTOR_SECRET, next: EXECUTOR_NEXT_SECRET }).filter(([, secret]) => secret);

export const executor = new Executor({
  engine,
  connect,
  change,
  keys: Object.fromEntries(keys),
  token: EXECUTOR_TOKEN || undefined,
});
