// Every view renders without a complaint, is accessible in both schemes, and fits a phone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { browser, enter, populated, unfold, views } from "./world.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let chromium, ui, all;

before(async () => {
  const [started, { demo, ids }] = await Promise.all([browser(), populated()]);
  chromium = started;
  ui = await demo.ui("--tour", "--allow-apply");
  all = Object.entries(await views(demo, ids));
});

after(async () => {
  await ui?.stop();
  await chromium?.close();
});

/** What axe-core has against a page, each with the places it means. */
async function violations(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`no view has an accessibility violation in the ${colorScheme} scheme`, async () => {
    const page = await enter(chromium, ui, { colorScheme });
    const found = {};
    for (const [name, view] of all) {
      await unfold(page, ui, view);
      const here = await violations(page);
      if (here.length) found[name] = here;
    }
    assert.deepEqual(found, {});
  });
}

test("the page that turns a stranger away has no accessibility violation in either scheme", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await chromium.newPage({ colorScheme });
    await page.goto(ui.address);
    await page.getByRole("heading", { name: "No session" }).waitFor();
    assert.deepEqual(await violations(page), []);
  }
});

test("the keys' dialog has no accessibility violation", async () => {
  const page = await enter(chromium, ui);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  assert.deepEqual(await violations(page), []);
});

test("no view makes the browser complain", async () => {
  const page = await enter(chromium, ui);
  for (const [, view] of all) await unfold(page, ui, view);
  const expected = (text) => text.includes("404");
  assert.deepEqual(page.complaints.filter((text) => !expected(text)), []);
});

test("no view scrolls sideways on a screen of 360 pixels", async () => {
  const page = await enter(chromium, ui, { viewport: { width: 360, height: 740 } });
  const wide = {};
  for (const [name, view] of all) {
    await unfold(page, ui, view);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 360) wide[name] = width;
  }
  assert.deepEqual(wide, {});
});

test("every view can be read without JavaScript", async () => {
  const page = await enter(chromium, ui, { javaScriptEnabled: false });
  for (const [, { path, heading }] of all) {
    await page.goto(ui.address + path);
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
  }
});
