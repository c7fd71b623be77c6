// What every client must be able to do with the demo, whichever library carries it. Twin of ../python/checks.py.
//
// A client adapter offers `version`, `missing` (the error code its library reports for a missing record), `tools()`,
// `templates()`, `call(name, arguments)` and `read(uri)`; refusals of the protocol itself reject with an error that has a
// numeric `code`.

import { isDeepStrictEqual } from "node:util";

const INSPECT = "billing__inspect_invoice";
const WAIVE = "billing__propose_late_fee_waiver";
const PLAN = "billing__propose_plan_waiver";

/** The address a target is, where it is one and not a command line. */
export const url = (target) => (target[0].startsWith("http") ? new URL(target[0]) : undefined);

export const transport = (target) => (url(target) ? "http" : "stdio");

/** Counts, prints each failure, and says how the process should exit. */
export class Tally {
  #passed = 0;
  #failed = 0;

  constructor(client) {
    this.client = client;
  }

  check(what, holds, found) {
    if (holds) {
      this.#passed += 1;
    } else {
      this.#failed += 1;
      console.error(`FAILED ${this.client}: ${what}; found ${JSON.stringify(found)}`);
    }
  }

  equal(what, found, expected) {
    this.check(`${what} is ${JSON.stringify(expected)}`, isDeepStrictEqual(found, expected), found);
  }

  finish() {
    console.log(`${this.client}: ${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0;
  }
}

/** Every check, in the order a conversation would take. */
export async function surface(tally, client, version) {
  tally.equal("the protocol version", client.version, version);
  await listing(tally, client);
  await reading(tally, client);
  await proposing(tally, client, WAIVE, "INV-3001");
  await proposing(tally, client, PLAN, "INV-3002");
  await refusing(tally, client);
}

async function listing(tally, client) {
  const tools = await client.tools();
  tally.equal("the tool names", tools.map((tool) => tool.name), [INSPECT, WAIVE, PLAN]);
  for (const tool of tools) {
    tally.equal(`destructiveHint of ${tool.name}`, tool.annotations.destructiveHint, false);
    tally.equal(`readOnlyHint of ${tool.name}`, tool.annotations.readOnlyHint, tool.name === INSPECT);
    tally.equal(`the output type of ${tool.name}`, tool.outputSchema.type, "object");
    tally.check(`${tool.name} has no tenant argument`, !JSON.stringify(tool.inputSchema).includes("tenant"));
  }
  const kinds = (await client.templates()).map((template) => template.uriTemplate).sort();
  tally.equal("the templates", kinds, ["evidence", "proposals", "replay"].map((kind) => `synapsor://${kind}/{id}`));
}

async function reading(tally, client) {
  const result = await client.call(INSPECT, { invoice_id: "INV-3001" });
  tally.equal("isError of a read", result.isError ?? false, false);
  tally.equal("the late fee", result.structuredContent.data.late_fee_cents, 5500);
  tally.equal("the text beside the structure", JSON.parse(result.content[0].text), result.structuredContent);
}

async function proposing(tally, client, tool, invoice) {
  const result = await client.call(tool, { invoice_id: invoice, reason: "goodwill" });
  tally.equal(`isError of ${tool}`, result.isError ?? false, false);
  const { proposal = {}, source_database_changed: changed } = result.structuredContent;
  tally.equal(`the state of ${tool}`, proposal.state, "pending_review");
  tally.check(`${tool} has a diff`, "late_fee_cents" in (proposal.diff ?? {}), result.structuredContent);
  tally.equal(`the source after ${tool}`, changed, false);
  if (proposal.id) {
    const record = JSON.parse(await client.read(`synapsor://proposals/${proposal.id}`));
    tally.check(`the record of ${tool} names it`, JSON.stringify(record).includes(proposal.id));
  }
}

async function refusing(tally, client) {
  const cases = [
    [INSPECT, { invoice_id: "INV-3001", tenant_id: "otherco" }, "MODEL_CANNOT_OVERRIDE_BINDING"],
    [WAIVE, { invoice_id: "INV-3001", reason: "x", tenant_id: "otherco" }, "MODEL_CANNOT_OVERRIDE_BINDING"],
    [INSPECT, { invoice_id: "INV-9001" }, "ROW_NOT_FOUND"],
    [INSPECT, {}, "ARGUMENT_REQUIRED"],
  ];
  for (const [tool, given, reason] of cases) {
    const text = JSON.stringify(given);
    const result = await client.call(tool, given);
    tally.equal(`isError for ${text}`, result.isError, true);
    tally.equal(`the reason for ${text}`, result.structuredContent.error.reason, reason);
    tally.equal(`the source after ${text}`, result.structuredContent.error.source_changed, "no");
  }
  await refused(tally, "an unknown tool", client.call("approve", { proposal_id: "wrp_1" }), -32602);
  await refused(tally, "a missing record", client.read("synapsor://proposals/wrp_missing"), client.missing);
}

async function refused(tally, what, request, code) {
  try {
    tally.check(`${what} is refused`, false, await request);
  } catch (error) {
    tally.equal(`the error code for ${what}`, error.code, code);
  }
}
