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
