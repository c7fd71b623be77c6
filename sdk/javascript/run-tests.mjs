// Runs the unit tests on Node: bundles each test with stand-ins for the contract's two imports.
//
//   CONTRACT=../../wit/v0_1/handler.wit node run-tests.mjs
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import process from "node:process";

import { build } from "esbuild";

const out = "tested";
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`),
  bundle: true,
  outdir: out,
  format: "esm",
  platform: "node",
  outExtension: { ".js": ".mjs" },
  logLevel: "warning",
  plugins: [
    {
      name: "stand-ins",
      setup: ({ onResolve }) =>
        onResolve({ filter: /^synapsor:handler\// }, ({ path }) => ({
          path: `${process.cwd()}/test/${path.replace(/.*\/|@.*/g, "")}.ts`,
        })),
    },
  ],
});
const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=dot", ...readdirSync(out).map((name) => `${out}/${name}`)], { stdio: "inherit" });
process.exit(status ?? 1);
