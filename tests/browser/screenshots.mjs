// Takes the pictures of the guide: every view, the two main ones in both schemes and on a phone.
//
//   node screenshots.mjs FOLDER GROUND
//
// They show the paths of the ledger and the config, so the demo stands in GROUND, a folder whose name means nothing.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import UPNG from "upng-js";

import { browser, enter, open, populated, views } from "./world.mjs";

const [folder, ground] = process.argv.slice(2);
const MAIN = ["proposals", "proposal-waiting"];
const DESK = { width: 1280, height: 720 };
const PHONE = { width: 360, height: 740 };
/** Goes on for many screens, of which the first says what it is. */
const LONG = new Set(["proposal-json"]);
/** Colours of a picture: text on flat grounds needs no more, and a repository keeps every version of it. */
const COLOURS = 64;

await mkdir(folder, { recursive: true });
const [chromium, { demo, ids }] = await Promise.all([browser(), populated(ground)]);
const ui = await demo.ui();
const all = Object.entries(await views(demo, ids));
const mains = all.filter(([name]) => MAIN.includes(name));

async function take(wanted, suffix, options) {
  const page = await enter(chromium, ui, options);
  for (const [name, view] of wanted) {
    await open(page, ui, view);
    const picture = small(await page.screenshot({ fullPage: !LONG.has(name) }));
    await writeFile(join(folder, `review-${name}${suffix}.png`), picture);
  }
}

function small(png) {
  const picture = UPNG.decode(png);
  return Buffer.from(UPNG.encode(UPNG.toRGBA8(picture), picture.width, picture.height, COLOURS));
}

await take(all, "", { viewport: DESK });
await take(mains, "-dark", { viewport: DESK, colorScheme: "dark" });
await take(mains, "-phone", { viewport: PHONE });

await ui.stop();
await chromium.close();
