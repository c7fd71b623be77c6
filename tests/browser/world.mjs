// A demo of its own, the real binary serving its review pages, and Chromium in front of them.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { chromium } from "playwright-core";

const run = promisify(execFile);
const BINARY = process.env.SYNAPSOR_BIN;

export const WAIVE = "billing.propose_late_fee_waiver";
export const PLAN = "billing.propose_plan_waiver";

/** An executor of the application, small enough to read. */
const REFUNDS = `
import json, os, sys
request = json.load(sys.stdin)
ids = {name: request[name] for name in ("proposal_id", "proposal_digest", "idempotency_key")}
said = {"status": "applied"} if os.path.exists("open") else {"status": "failed", "safe_error_code": "ACCOUNT_CLOSED"}
print(json.dumps({"schema_version": "synapsor.executor-answer.v1", **ids, **said}))
`;

/** Starts Chromium, with nothing it would like to fetch for itself. */
export function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
  });
}

/** A folder with the demo's source, config and ledger. */
export class Demo {
  static async prepare(ground) {
    const folder = ground ?? await mkdtemp(join(tmpdir(), "demo-"));
    const demo = new Demo(folder);
    await demo.command("demo", "--folder", folder, "--prepare-only", "--force");
    return demo;
  }

  /** The same, where the application carries waivers out: a command that says no until `reopen` is called. */
  static async withExecutor() {
    const demo = await Demo.prepare();
    const config = JSON.parse(await readFile(demo.config, "utf8"));
    config.executors = { refunds: { type: "command_handler", command_env: "APP_COMMAND", timeout_ms: 60_000 } };
    config.capabilities.find(({ name }) => name === WAIVE).executor = "refunds";
    await writeFile(demo.config, JSON.stringify(config));
    await writeFile(join(demo.folder, "refunds.py"), REFUNDS);
    demo.variables.APP_COMMAND = "python3 refunds.py";
    return demo;
  }

  constructor(folder) {
    this.folder = folder;
    this.config = join(folder, "synapsor.runner.json");
    this.variables = {};
  }

  get environment() {
    return { PATH: process.env.PATH, SYNAPSOR_MCP_CONFIG: this.config, USER: "lena", ...this.variables };
  }

  /** From now on the executor of `withExecutor` says yes. */
  async reopen() {
    await writeFile(join(this.folder, "open"), "");
  }

  /** What the command line answers, whether it exits with 0 or refuses. */
  async command(...words) {
    const options = { cwd: this.folder, env: this.environment };
    const { stdout } = await run(BINARY, ["--json", ...words], options).catch((refused) => refused);
    return JSON.parse(stdout);
  }

  /** Proposes as an agent would; answers the proposal's id. */
  async propose(capability, invoice, reason) {
    const made = await this.command("propose", capability, "--args", JSON.stringify({ invoice_id: invoice, reason }));
    if (!made.ok) throw new Error(JSON.stringify(made));
    return made.proposal.proposal_id;
  }

  /** The state the ledger holds. */
  async state(id) {
    return (await this.command("proposals", "show", id)).state;
  }

  /** Changes the source behind the runner's back. */
  async change(sql) {
    const script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(sys.argv[2]); db.commit()";
    await run("python3", ["-c", script, join(this.folder, "app.db"), sql]);
  }

  /** From now on the source refuses to waive the fee of this invoice: one other row has none already. */
  async refuseWaiverOf(invoice) {
    await this.change(`CREATE UNIQUE INDEX one_free ON invoices (late_fee_cents) WHERE id IN ('${invoice}', 'INV-3004')`);
  }

  /** The review pages of this demo. */
  ui(...flags) {
    return Ui.start(this, flags);
  }
}

/** One run of `synapsor ui`. */
export class Ui {
  static async start(demo, flags) {
    const options = { cwd: demo.folder, env: demo.environment, stdio: ["pipe", "pipe", "inherit"] };
    const ui = new Ui(spawn(BINARY, ["--json", "ui", ...flags], options));
    ui.firstLink = await ui.#printed();
    ui.address = new URL(ui.firstLink).origin;
    return ui;
  }

  #process;
  #lines;

  constructor(process) {
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  }

  async #printed() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("`synapsor ui` ended before it printed a link");
    return JSON.parse(value).url;
  }

  /** One more link, as a person gets it: Enter in the terminal. */
  async link() {
    this.#process.stdin.write("\n");
    return this.#printed();
  }

  /** Ends the process as Ctrl-C would. */
  async stop() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGINT");
    await ended;
  }
}

/** A page with a session. What the browser complains of on the way is in `page.complaints`. */
export async function enter(chromium, ui, options = {}) {
  const context = await chromium.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(10_000);
  const page = listening(await context.newPage());
  await page.goto(await ui.link());
  return page;
}

/** Collects what a person never sees: scripts that throw, and what the Content-Security-Policy stopped. */
export function listening(page) {
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  return page;
}

/** A ledger with a proposal in every state a person meets, the newest awaiting a decision. */
export async function populated(ground) {
  const demo = await Demo.prepare(ground);
  const decide = (verdict, id, reason) => demo.command("proposals", verdict, id, "--yes", "--actor", "lena", "--reason", reason);
  const ids = {};
  ids.applied = await demo.propose(WAIVE, "INV-3001", "The bank confirmed a failed transfer on 2026-06-18.");
  ids.conflict = await demo.propose(WAIVE, "INV-3001", "The customer asked twice.");
  ids.failed = await demo.propose(WAIVE, "INV-3003", "Goodwill after a delayed delivery.");
  ids.rejected = await demo.propose(WAIVE, "INV-3002", "The customer is unhappy.");
  ids.approved = await demo.propose(WAIVE, "INV-3002", "Agreed on the phone with the account manager.");
  ids.waiting = await demo.propose(PLAN, "INV-3002", "Goodwill within the plan: the invoice was sent to an old address.");
  for (const id of [ids.applied, ids.conflict, ids.failed, ids.approved]) await decide("approve", id, "Checked with billing.");
  await decide("reject", ids.rejected, "Unhappy is not a reason; see the policy on goodwill.");
  await demo.refuseWaiverOf("INV-3003");
  for (const id of [ids.applied, ids.conflict, ids.failed]) await demo.command("apply", id);
  return { demo, ids };
}

/** Every view there is, by name: where it is, and what it is known by once it stands. */
export async function views(demo, ids) {
  const replay = await demo.command("replay", "show", ids.applied);
  const evidence = replay.evidence.evidence_id;
  const proposal = (id) => `/proposals/${id}`;
  return {
    proposals: { path: "/", heading: "Proposals" },
    "proposals-none": { path: "/?tenant=nobody", heading: "Proposals" },
    "proposal-waiting": { path: proposal(ids.waiting), heading: ids.waiting },
    "proposal-approved": { path: proposal(ids.approved), heading: ids.approved },
    "proposal-applied": { path: proposal(ids.applied), heading: ids.applied },
    "proposal-conflict": { path: proposal(ids.conflict), heading: ids.conflict },
    "proposal-failed": { path: proposal(ids.failed), heading: ids.failed },
    "proposal-rejected": { path: proposal(ids.rejected), heading: ids.rejected },
    "proposal-json": { path: `${proposal(ids.waiting)}/json`, heading: ids.waiting },
    activity: { path: "/activity", heading: "Activity" },
    evidence: { path: "/evidence", heading: "Evidence" },
    "evidence-record": { path: `/evidence/${evidence}`, heading: evidence },
    audit: { path: "/audit", heading: "Query audit" },
    receipts: { path: "/receipts", heading: "Receipts" },
    tools: { path: "/tools", heading: "Tools" },
    setup: { path: "/setup", heading: "Setup" },
    "nothing-here": { path: "/nowhere", heading: "Nothing here" },
  };
}

/** Opens a view, and everything that is folded on it. */
export async function unfold(page, ui, view) {
  await open(page, ui, view);
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
}

/** Opens a view and waits until nothing on it moves any more. */
export async function open(page, ui, { path, heading }) {
  await page.goto(ui.address + path);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  const rerun = page.locator("[data-rerun]");
  if (await rerun.count()) await rerun.locator(".chip").waitFor();
}
