// A person decides on the page: what each of the four ends looks like, and what happens when two decide at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browser, Demo, enter, PLAN, WAIVE } from "./world.mjs";

let chromium, demo, ui;

before(async () => {
  [chromium, demo] = await Promise.all([browser(), Demo.prepare()]);
  ui = await demo.ui("--allow-apply", "--actor", "lena");
});

after(async () => {
  await ui?.stop();
  await chromium?.close();
});

const at = (id) => `${ui.address}/proposals/${id}`;
const chip = (page) => page.locator("h1 .chip");

async function shows(page, state) {
  await chip(page).filter({ hasText: state }).waitFor();
}

async function approve(page, id, reason = "") {
  await page.goto(at(id));
  await page.getByLabel("Reason").fill(reason);
  await page.getByRole("button", { name: "Approve this change" }).click();
  await shows(page, "Approved");
}

async function apply(page) {
  await page.getByRole("button", { name: "Apply now" }).click();
}

/** The step of the story under this heading. */
const step = (page, heading) => page.locator(".steps > li").filter({ has: page.getByRole("heading", { name: heading }) });

test("applied: from the request to the commit, and the change is in the source once", async () => {
  const id = await demo.propose(PLAN, "INV-3002", "Goodwill within the plan.");
  const page = await enter(chromium, ui);
  await page.getByRole("link", { name: "INV-3002" }).click();
  await shows(page, "Awaiting approval");
  const fee = page.getByRole("row", { name: "late_fee_cents" }).filter({ hasText: "9000" });
  assert.match(await fee.innerText(), /9000[\s\S]*6500[\s\S]*2500/);
  assert.match(await step(page, "Safety result").innerText(), /Source database changed: No/);
  await page.getByText("the recorded inputs give this proposal again").waitFor();

  await page.getByLabel("Reason").fill("Within the plan.");
  await page.getByRole("button", { name: "Approve this change" }).click();
  await shows(page, "Approved");
  assert.match(await step(page, "The approval boundary").innerText(), /approved by lena[\s\S]*Within the plan\./);
  assert.match(await page.locator("#command").innerText(), new RegExp(`^synapsor apply ${id} --config `));
  assert.match(await step(page, "Safety result").innerText(), /Source database changed: No/);

  await apply(page);
  await shows(page, "Committed");
  assert.match(await step(page, "Safety result").innerText(), /Yes, exactly as approved/);
  assert.match(await step(page, "Replay").innerText(), /writeback applied/);
  assert.equal(await page.getByRole("button", { name: "Apply now" }).count(), 0);
  assert.equal(await demo.state(id), "applied");
  assert.deepEqual(page.complaints, []);
});

test("conflict: what changed since the proposal is named, and nothing is written", async () => {
  const id = await demo.propose(WAIVE, "INV-3001", "The bank's fault.");
  const page = await enter(chromium, ui);
  await approve(page, id);
  await demo.change("UPDATE invoices SET late_fee_cents = 5600, updated_at = '2026-06-30T00:00:00.000000Z' WHERE id = 'INV-3001'");
  await apply(page);
  await shows(page, "Conflict blocked");
  assert.match(await step(page, "The commit result").innerText(), /a guard did not hold[\s\S]*late_fee_cents/);
  assert.match(await step(page, "Safety result").innerText(), /Source database changed: No/);
});

test("failed: the source refused, the page says so in words and without the source's own", async () => {
  const id = await demo.propose(WAIVE, "INV-3003", "Late delivery.");
  const page = await enter(chromium, ui);
  await approve(page, id);
  await demo.refuseWaiverOf("INV-3003");
  await apply(page);
  await shows(page, "Failed");
  const result = await step(page, "The commit result").innerText();
  assert.match(result, /the source refused the change/);
  assert.doesNotMatch(result, /one_free|UNIQUE|INDEX/);
});

test("failed by an executor: its name and code, and another try from the page, for a reason, carries it out", async () => {
  const app = await Demo.withExecutor();
  const own = await app.ui("--allow-apply", "--actor", "lena");
  try {
    const id = await app.propose(WAIVE, "INV-3001", "The bank's fault.");
    await app.command("proposals", "approve", id, "--yes", "--actor", "lena");
    const page = await enter(chromium, own);
    await page.goto(`${own.address}/proposals/${id}`);
    await apply(page);
    await shows(page, "Failed");
    assert.match(await step(page, "The commit result").innerText(), /executor refunds said no[\s\S]*ACCOUNT_CLOSED/);
    assert.match(await page.locator("#command").innerText(), new RegExp(`^synapsor executor retry ${id} --reason `));

    await app.reopen();
    await page.getByRole("button", { name: "Approve once more" }).click();
    assert.equal(await page.getByLabel("Reason").evaluate((reason) => reason.validity.valueMissing), true);
    assert.equal(await app.state(id), "failed");
    await page.getByLabel("Reason").fill("The account is open again.");
    await page.getByRole("button", { name: "Approve once more" }).click();
    await shows(page, "Approved");
    await apply(page);
    await shows(page, "Committed");
    assert.match(await step(page, "Safety result").innerText(), /says the executor/);
    assert.equal(await page.getByRole("button", { name: "Approve once more" }).count(), 0);
    assert.deepEqual(page.complaints, []);
  } finally {
    await own.stop();
  }
});

test("rejected: not without a reason, and with one it is over", async () => {
  const id = await demo.propose(WAIVE, "INV-3002", "Unhappy.");
  const page = await enter(chromium, ui);
  await page.goto(at(id));
  await page.getByRole("button", { name: "Reject" }).click();
  assert.equal(await page.getByLabel("Reason").evaluate((reason) => reason.validationMessage), "A rejection needs a reason.");
  assert.equal(await demo.state(id), "pending_review");

  await page.getByLabel("Reason").fill("Not a reason.");
  await page.getByRole("button", { name: "Reject" }).click();
  await shows(page, "Rejected");
  await page.getByText("There is nothing left to decide.").waitFor();
  assert.equal(await demo.state(id), "rejected");
});

test("a digest that was not on the screen decides nothing", async () => {
  const id = await demo.propose(WAIVE, "INV-3002", "A forged digest.");
  const page = await enter(chromium, ui);
  await page.goto(at(id));
  await page.locator("input[name=digest]").first().evaluate((input) => { input.value = `sha256:${"0".repeat(64)}`; });
  await page.getByRole("button", { name: "Approve this change" }).click();
  await page.getByText("PROPOSAL_HASH_MISMATCH").waitFor();
  await page.getByText("Nothing was decided and nothing was changed.").waitFor();
  assert.equal(await demo.state(id), "pending_review");
});

test("two tabs that decide at once: one decision stands, and the other tab says whose", async () => {
  const id = await demo.propose(WAIVE, "INV-3002", "Two at once.");
  // Without the live updates, which would take the form from the slower tab.
  const tabs = await Promise.all(["mara", "noor"].map(async (actor) => {
    const page = await enter(chromium, ui, { javaScriptEnabled: false });
    await page.goto(at(id));
    await page.getByLabel("Who decides").fill(actor);
    await page.getByLabel("Reason").fill(`Decided by ${actor}.`);
    return page;
  }));
  const verdicts = ["Approve this change", "Reject"];
  await Promise.all(tabs.map((page, at) => Promise.all([
    page.waitForNavigation(),
    page.getByRole("button", { name: verdicts[at] }).click(),
  ])));
  const said = await Promise.all(tabs.map((page) => page.locator("main").innerText()));
  const refused = said.filter((text) => text.includes("Nothing was decided and nothing was changed."));
  const state = await demo.state(id);
  // A rejection may follow an approval, but nothing follows a rejection.
  if (state === "approved") assert.match(refused[0], /mara/);
  else assert.equal(state, "rejected");
  const { decisions } = await demo.command("replay", "show", id);
  assert.equal(decisions.length + refused.length, 2);
  if (refused.length) assert.match(refused[0], /mara|noor/);
});

test("two tabs that approve at once: one approval stands, and the other tab says whose", async () => {
  const id = await demo.propose(WAIVE, "INV-3002", "Two approvals.");
  const names = ["mara", "noor"];
  const tabs = await Promise.all(names.map(async (actor) => {
    const page = await enter(chromium, ui, { javaScriptEnabled: false });
    await page.goto(at(id));
    await page.getByLabel("Who decides").fill(actor);
    return page;
  }));
  await Promise.all(tabs.map((page) => Promise.all([
    page.waitForNavigation(),
    page.getByRole("button", { name: "Approve this change" }).click(),
  ])));
  const { decisions } = await demo.command("replay", "show", id);
  assert.equal(decisions.length, 1);
  const slower = tabs[1 - names.indexOf(decisions[0].actor)];
  const said = await slower.locator("main").innerText();
  assert.match(said, /Nothing was decided and nothing was changed\./);
  assert.match(said, new RegExp(decisions[0].actor));
});

test("a page that is open learns of a decision made elsewhere, and its form goes", async () => {
  const id = await demo.propose(WAIVE, "INV-3002", "Decided on the command line.");
  const page = await enter(chromium, ui);
  await page.goto(at(id));
  await page.getByRole("button", { name: "Approve this change" }).waitFor();
  await demo.command("proposals", "approve", id, "--yes", "--actor", "omar");
  await shows(page, "Approved");
  assert.equal(await page.getByRole("button", { name: "Approve this change" }).count(), 0);
  await page.getByRole("status").filter({ hasText: "Decided in the meantime" }).waitFor();
});

test("a list that is open shows a new proposal by itself", async () => {
  const page = await enter(chromium, ui);
  const before = await page.locator("[data-row]").count();
  await demo.propose(WAIVE, "INV-3002", "Arrives while somebody looks.");
  await page.locator("[data-row]").nth(before).waitFor();
});
