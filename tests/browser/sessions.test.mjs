// Links and sessions as a browser meets them: a link is used up, an end is explained, and nothing is decided on the way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browser, Demo, enter, WAIVE } from "./world.mjs";

let chromium, demo;

before(async () => {
  [chromium, demo] = await Promise.all([browser(), Demo.prepare()]);
});

after(() => chromium?.close());

/** Runs with pages of its own, which end with it. */
async function serving(flags, what) {
  const ui = await demo.ui(...flags);
  try {
    await what(ui);
  } finally {
    await ui.stop();
  }
}

test("the printed link opens a session, and its token is gone from the address", () => serving([], async (ui) => {
  const page = await chromium.newPage();
  await page.goto(ui.firstLink);
  await page.getByRole("heading", { name: "Proposals" }).waitFor();
  assert.equal(page.url(), `${ui.address}/`);
  assert.equal(await page.evaluate(() => document.cookie), "", "no script can read the cookie");
}));

test("a link opens one session and no second one", () => serving([], async (ui) => {
  await (await chromium.newPage()).goto(ui.firstLink);
  const other = await (await chromium.newContext()).newPage();
  const answer = await other.goto(ui.firstLink);
  assert.equal(answer.status(), 401);
  await other.getByRole("heading", { name: "The session is over" }).waitFor();
  await other.getByText("press Enter", { exact: false }).first().waitFor();
}));

test("whoever leaves needs a new link, and the form in another tab decides nothing", () => serving([], async (ui) => {
  const id = await demo.propose(WAIVE, "INV-3001", "Left in the meantime.");
  const page = await enter(chromium, ui);
  await page.goto(`${ui.address}/proposals/${id}`);
  const other = await page.context().newPage();
  await other.goto(ui.address);
  await other.getByRole("button", { name: "Leave" }).click();
  await other.getByRole("heading", { level: 1 }).filter({ hasText: /session/i }).waitFor();
  await page.getByRole("button", { name: "Approve this change" }).click();
  await page.getByText("Nothing was decided and nothing was changed.").waitFor();
  assert.equal(await demo.state(id), "pending_review");
}));

test("after a restart the old page decides nothing, and a new link goes on where it was", async () => {
  const id = await demo.propose(WAIVE, "INV-3001", "Restarted in the meantime.");
  const ui = await demo.ui();
  const port = new URL(ui.address).port;
  const page = await enter(chromium, ui);
  await page.goto(`${ui.address}/proposals/${id}`);
  await ui.stop();
  await page.getByText("Not connected").waitFor();
  await serving(["--port", port], async (again) => {
    await page.getByRole("button", { name: "Approve this change" }).click();
    await page.getByRole("heading", { name: "The session is over" }).waitFor();
    await page.getByText("Nothing was decided and nothing was changed.").waitFor();
    assert.equal(await demo.state(id), "pending_review");

    await page.goto(await again.link());
    await page.goto(`${again.address}/proposals/${id}`);
    await page.getByRole("button", { name: "Approve this change" }).click();
    await page.locator("h1 .chip", { hasText: "Approved" }).waitFor();
    assert.equal(await demo.state(id), "approved");
  });
});

test("a session nobody uses is over: the open page says so by itself, and its form decides nothing", () =>
  serving(["--idle-for", "2s"], async (ui) => {
    const id = await demo.propose(WAIVE, "INV-3001", "Left open over lunch.");
    const page = await enter(chromium, ui);
    await page.goto(`${ui.address}/proposals/${id}`);
    await page.getByText("The session is over", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Approve this change" }).click();
    await page.getByRole("heading", { name: "The session is over" }).waitFor();
    await page.getByText("Nothing was decided and nothing was changed.").waitFor();
    assert.equal(await demo.state(id), "pending_review");
  }));

test("a link nobody opened in time opens nothing, and the next one does", () => serving(["--link-for", "1s"], async (ui) => {
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const page = await (await chromium.newContext()).newPage();
  const answer = await page.goto(ui.firstLink);
  assert.equal(answer.status(), 401);
  await page.getByRole("heading", { name: "The session is over" }).waitFor();
  await page.goto(await ui.link());
  await page.getByRole("heading", { name: "Proposals" }).waitFor();
}));

test("without --allow-apply there is a command and no button", () => serving([], async (ui) => {
  const id = await demo.propose(WAIVE, "INV-3002", "No button.");
  await demo.command("proposals", "approve", id, "--yes", "--actor", "lena");
  const page = await enter(chromium, ui);
  await page.goto(`${ui.address}/proposals/${id}`);
  await page.getByText("This command applies exactly what was approved").waitFor();
  assert.equal(await page.getByRole("button", { name: "Apply now" }).count(), 0);
}));
