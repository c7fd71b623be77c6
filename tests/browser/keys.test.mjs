// Everything can be done from the keyboard, and no key alone decides.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browser, Demo, enter, WAIVE } from "./world.mjs";

let chromium, demo, ui;

before(async () => {
  [chromium, demo] = await Promise.all([browser(), Demo.prepare()]);
  ui = await demo.ui("--actor", "lena");
});

after(async () => {
  await ui?.stop();
  await chromium?.close();
});

const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("href"));

async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

test("j and k move through the list and stop at its ends, Enter opens, u comes back", async () => {
  const older = await demo.propose(WAIVE, "INV-3001", "The first.");
  const newer = await demo.propose(WAIVE, "INV-3002", "The second.");
  const page = await enter(chromium, ui);
  const places = [];
  for (const key of ["j", "j", "j", "k", "k"]) {
    await press(page, key);
    places.push(await focused(page));
  }
  const [first, second] = [`/proposals/${newer}`, `/proposals/${older}`];
  assert.deepEqual(places, [first, second, second, first, first]);
  await press(page, "Enter");
  await page.waitForURL(`**${first}`);
  await press(page, "u");
  await page.waitForURL(`${ui.address}/`);
});

test("a goes to Approve and Enter there approves; a alone decides nothing", async () => {
  const id = await demo.propose(WAIVE, "INV-3001", "By keyboard.");
  const page = await enter(chromium, ui);
  await page.goto(`${ui.address}/proposals/${id}`);
  await press(page, "a");
  assert.equal(await focused(page), "approve");
  assert.equal(await demo.state(id), "pending_review");
  await press(page, "Enter");
  await page.locator("h1 .chip", { hasText: "Approved" }).waitFor();
  assert.equal(await demo.state(id), "approved");
});

test("r goes to the reason, where keys are text; Tab leads to Reject", async () => {
  const id = await demo.propose(WAIVE, "INV-3001", "To be rejected by keyboard.");
  const page = await enter(chromium, ui);
  await page.goto(`${ui.address}/proposals/${id}`);
  await press(page, "r");
  assert.equal(await focused(page), "reason");
  await page.keyboard.type("jar? quite");
  assert.equal(await page.getByLabel("Reason").inputValue(), "jar? quite");
  await press(page, "Tab", "Tab");
  assert.equal(await focused(page), "reject");
  await press(page, "Enter");
  await page.locator("h1 .chip", { hasText: "Rejected" }).waitFor();
});

test("? shows the keys, Escape closes them, / goes to the search and Escape leaves it", async () => {
  const page = await enter(chromium, ui);
  const dialog = page.getByRole("dialog", { name: "Keys" });
  await press(page, "?");
  await dialog.waitFor();
  await press(page, "Escape");
  await dialog.waitFor({ state: "hidden" });
  await press(page, "/");
  assert.equal(await focused(page), "search");
  await press(page, "Escape");
  assert.notEqual(await focused(page), "search");
});

test("the first Tab offers to skip to the content", async () => {
  const page = await enter(chromium, ui);
  await press(page, "Tab");
  assert.equal(await focused(page), "#main");
  await press(page, "Enter");
  assert.equal(await focused(page), "main");
});

test("a key with Ctrl, Alt or Meta is the browser's own", async () => {
  const page = await enter(chromium, ui);
  const before = await focused(page);
  await press(page, "Alt+j", "Control+j");
  assert.equal(await focused(page), before);
});

/** The accessible name of what has the focus. */
const named = (page) => page.evaluate(() => {
  const it = document.activeElement;
  const label = it.labels?.[0]?.firstChild?.textContent;
  return (it.getAttribute("aria-label") ?? label ?? it.innerText).trim().split("\n")[0];
});

test("Tab goes through a proposal in the order in which it is read, and ends at the decision", async () => {
  const id = await demo.propose(WAIVE, "INV-3003", "In reading order.");
  const page = await enter(chromium, ui);
  await page.goto(`${ui.address}/proposals/${id}`);
  await page.locator("[data-rerun] .chip").waitFor();
  const order = [];
  while (order.at(-1) !== "Reject" && order.length < 40) {
    await press(page, "Tab");
    order.push(await named(page));
  }
  assert.deepEqual(order, [
    "Skip to the content",
    "Synapsor review",
    ...["Proposals", "Activity", "Evidence", "Query audit", "Receipts", "Tools", "Setup"],
    ...["Keys ?", "Leave"],
    ...["Proposals", "Review", "Raw JSON"],
    ...["Its evidence", "The proposed change", "4 other captured columns stay as they are"],
    order.find((name) => name.startsWith("Guard checklist:")),
    ...["Replay timeline", "Who decides", "Reason", "Approve this change", "Reject"],
  ]);
});

test("a screen reader finds the parts of a proposal by their roles and names", async () => {
  const id = await demo.propose(WAIVE, "INV-3002", "Read aloud.");
  const page = await enter(chromium, ui);
  await page.goto(`${ui.address}/proposals/${id}`);
  const parts = [
    ["banner"], ["main"], ["contentinfo"], ["status"],
    ["navigation", "Pages"], ["navigation", "Views of this proposal"],
    ["complementary", "Decide"], ["region", "The proposed change"], ["region", "Replay timeline"],
    ["textbox", "Who decides"], ["textbox", /^Reason/], ["button", "Approve this change"], ["button", "Reject"],
    ["heading", new RegExp(id)], ["heading", "The agent requested a change"], ["heading", "The runner created a proposal"],
    ["heading", "The proposed change"], ["heading", "Safety result"], ["heading", "The approval boundary"],
    ["heading", "The commit result"], ["heading", "Replay"],
    ["columnheader", "Before"], ["columnheader", "Proposed"], ["rowheader", /^late_fee_cents/],
  ];
  for (const [role, name] of parts) {
    const exact = typeof name === "string";
    assert.equal(await page.getByRole(role, { name, exact }).count(), 1, `${role} ${name}`);
  }
  await page.goto(ui.address);
  for (const [role, name] of [["search", "Find records"], ["navigation", "States"], ["list", "Proposals, newest first"]]) {
    assert.equal(await page.getByRole(role, { name, exact: true }).count(), 1, `${role} ${name}`);
  }
});
