// Takes the pictures of the guide: every view, the two main ones in both schemes and on a phone.
//
//   node screenshots.mjs FOLDER

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { browser, enter, open, populated, views } from "./world.mjs";

const folder = process.argv[2];
const MAIN = ["proposals", "proposal-waiting"];
const DESK = { width: 1280, height: 720 };
const PHONE = { width: 360, height: 740 };

await mkdir(folder, { recursive: true });
const [chromium, { demo, ids }] = await Promise.all([browser(), populated()]);
const ui = await demo.ui();
const all = Object.entries(await views(demo, ids));
const mains = all.filter(([name]) => MAIN.includes(name));

async function take(wanted, suffix, options) {
  const page = await enter(chromium, ui, options);
  for (const [name, view] of wanted) {
    await open(page, ui, view);
    await page.screenshot({ path: join(folder, `review-${name}${suffix}.png`), fullPage: true });
  }
}

await take(all, "", { viewport: DESK });
await take(mains, "-dark", { viewport: DESK, colorScheme: "dark" });
await take(mains, "-phone", { viewport: PHONE });

await ui.stop();
await chromium.close();
