// A demo of its own, the real binary serving its review pages, and Chromium in front of them.

import { execFile, spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { chromium } from "playwright-core";

const run = promisify(execFile);
const BINARY = process.env.SYNAPSOR_BIN;

export const WAIVE = "billing.propose_late_fee_waiver";
export const PLAN = "billing.propose_plan_waiver";

/** Starts Chromium, with nothing it would like to fetch for itself. */
export function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_BIN,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
  });
}

/** A folder with the demo's source, config and ledger. */
export class Demo {
  static async prepare() {
    const folder = await mkdtemp(join(tmpdir(), "demo-"));
    const demo = new Demo(folder);
    await demo.command("demo", "--folder", folder, "--prepare-only", "--force");
    return demo;
  }

  constructor(folder) {
    this.folder = folder;
    this.config = join(folder, "synapsor.runner.json");
  }

  /** What the command line answers, whether it exits with 0 or refuses. */
  async command(...words) {
    const options = { cwd: this.folder, env: environment(this.config) };
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

function environment(config) {
  return { PATH: process.env.PATH, SYNAPSOR_MCP_CONFIG: config, USER: "lena" };
}

/** One run of `synapsor ui`. */
export class Ui {
  static async start(demo, flags) {
    const options = { cwd: demo.folder, env: environment(demo.config), stdio: ["pipe", "pipe", "inherit"] };
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
