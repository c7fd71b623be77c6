// What the pages look like in other circumstances: enlarged, on paper, while they change, and with no network but their own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { browser, enter, listening, open, populated, unfold, views, WAIVE } from "./world.mjs";

/** A sheet of A4 between its margins, in CSS pixels. */
const PAPER = { width: 718, height: 1047 };

let chromium, demo, ui, all, ids;

before(async () => {
  const [started, made] = await Promise.all([browser(), populated()]);
  chromium = started;
  ({ demo, ids } = made);
  ui = await demo.ui("--allow-apply");
  all = Object.entries(await views(demo, ids));
});

after(async () => {
  await ui?.stop();
  await chromium?.close();
});

/** Every word a person can see, in no order: columns may come to stand one below the other. */
const words = (page) => page.evaluate(() => document.body.innerText.split(/\s+/).filter(Boolean).sort().join(" "));

/** Elements that hide a part of what they hold. */
const cut = (page) => page.evaluate(() => {
  const hides = (element) => {
    const { overflowX, overflowY } = getComputedStyle(element);
    const wide = overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
    const tall = overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1;
    return wide || tall;
  };
  const shown = [...document.querySelectorAll("main *")].filter((element) => element.checkVisibility());
  return shown.filter(hides).map((element) => `${element.tagName} ${element.className}: ${element.textContent.slice(0, 40)}`);
});

test("at 200 % nothing is lost and no view scrolls sideways", async () => {
  const plain = await enter(chromium, ui, { viewport: { width: 1280, height: 720 } });
  // What a browser makes of 1280 pixels at 200 %.
  const large = await enter(chromium, ui, { viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 });
  const lost = {};
  for (const [name, view] of all) {
    await Promise.all([unfold(plain, ui, view), unfold(large, ui, view)]);
    const width = await large.evaluate(() => document.documentElement.scrollWidth);
    const same = (await words(plain)) === (await words(large));
    if (width > 640 || !same) lost[name] = { width, same };
  }
  assert.deepEqual(lost, {});
});

test("a proposal on paper is whole: nothing folded, nothing cut, nothing to press", async () => {
  const page = await enter(chromium, ui);
  for (const id of [ids.waiting, ids.approved, ids.conflict]) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await unfold(page, ui, { path: `/proposals/${id}`, heading: id });
    const steps = await page.locator(".steps").innerText();
    await page.reload();
    await page.locator("[data-rerun] .chip").waitFor();
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize(PAPER);
    assert.equal((await page.locator(".steps").innerText()).replace(/\s+/g, " "), steps.replace(/\s+/g, " "));
    assert.deepEqual(await cut(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= PAPER.width);
    const pressed = await page.locator("button, input, textarea, nav a").filter({ visible: true }).count();
    assert.equal(pressed, 0);
    assert.ok(await page.getByText(`sha256:`).first().isVisible());
    await page.emulateMedia({ media: null });
  }
});

/** How much of a page has moved without anybody pressing anything, from its first line on. */
async function watched(page) {
  await page.addInitScript(() => {
    globalThis.shifts = [];
    const note = (list) => list.getEntries().forEach(({ value, sources }) => {
      globalThis.shifts.push({ value, moved: sources.map(({ node }) => node?.parentElement?.className ?? node?.nodeName) });
    });
    new PerformanceObserver(note).observe({ type: "layout-shift", buffered: true });
  });
  return () => page.evaluate(() => new Promise((done) => {
    // What was laid out in this frame is told in the next.
    requestAnimationFrame(() => requestAnimationFrame(() => done(globalThis.shifts)));
  }));
}

test("no view moves while it loads", async () => {
  const page = await enter(chromium, ui);
  const shifts = await watched(page);
  const moved = {};
  for (const [name, view] of all) {
    await open(page, ui, view);
    const here = await shifts();
    if (here.length) moved[name] = here;
  }
  assert.deepEqual(moved, {});
});

test("a live update moves nothing, and a list under the pointer waits until the pointer is gone", async () => {
  const page = await enter(chromium, ui);
  const shifts = await watched(page);
  await open(page, ui, { path: "/", heading: "Proposals" });
  const first = page.locator("[data-row]").first();
  const before = await first.getAttribute("href");
  await first.hover();
  const id = await demo.propose(WAIVE, "INV-3002", "Arrives while somebody points at the list.");
  await page.getByText("There is something new").waitFor();
  assert.equal(await first.getAttribute("href"), before, "the row is the one the person points at");
  await page.mouse.move(1, 1);
  await page.locator(`[data-row][href="/proposals/${id}"]`).waitFor();
  assert.deepEqual(await shifts(), []);

  await open(page, ui, { path: `/proposals/${id}`, heading: id });
  await demo.command("proposals", "reject", id, "--yes", "--actor", "omar", "--reason", "Not now.");
  await page.locator("h1 .chip", { hasText: "Rejected" }).waitFor();
  assert.deepEqual(await shifts(), []);
});

test("no view asks for anything but its own address, and none brings a font", async () => {
  const page = listening(await chromium.newPage());
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(await ui.link());
  for (const [, view] of all) {
    await unfold(page, ui, view);
    assert.equal(await page.evaluate(() => document.fonts.size), 0);
  }
  assert.ok(asked.length > all.length);
  assert.deepEqual(asked.filter((url) => new URL(url).origin !== ui.address), []);
});

test("a page has no token in its address, its history or its referrer", async () => {
  const page = await enter(chromium, ui);
  const referrers = [];
  page.on("request", (request) => referrers.push(request.headers().referer ?? ""));
  const id = await demo.propose(WAIVE, "INV-3003", "Opened from the list.");
  await page.getByRole("link", { name: "INV-3003" }).first().click();
  await page.waitForURL("**/proposals/*");
  await page.goBack();
  assert.ok(!page.url().includes("token"));
  assert.deepEqual(referrers.filter((referrer) => referrer.includes("token")), []);
  assert.ok(id);
});
