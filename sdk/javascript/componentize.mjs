// Turns a handler written in TypeScript or JavaScript into a component of the world `proposer`.
//
//   node componentize.mjs --wit FOLDER ENTRY COMPONENT           writes COMPONENT
//   node componentize.mjs --check --wit FOLDER ENTRY COMPONENT   fails unless COMPONENT was made of what ENTRY is now
//
// Checks the types where ENTRY is TypeScript with a `tsconfig.json` beside it (tsc), bundles it with this package (esbuild),
// and puts it into QuickJS (componentize-qjs). Each build gives other bytes: the
// runtime is started while it is built, and the seeds of its hash tables are frozen with it. So the component names the
// digest of what it was made of in a custom section, and that is what `--check` compares.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { componentize } from "componentize-qjs";
import { build } from "esbuild";

import { halved, whole } from "./integers.mjs";

const sdk = path.dirname(fileURLToPath(import.meta.url));

/** This package's modules under one name, so that no folder of this machine reaches the bundle's comments. */
const modules = {
  name: "synapsor-handler",
  setup({ onResolve, onLoad }) {
    const namespace = "synapsor-handler";
    onResolve({ filter: /^synapsor-handler$/ }, () => ({ path: "index.ts", namespace }));
    onResolve({ filter: /^\.\//, namespace }, (module) => ({ path: module.path.slice(2).replace(/js$/, "ts"), namespace }));
    onLoad({ filter: /./, namespace }, async (module) => ({
      contents: await readFile(path.join(sdk, "src", module.path), "utf8"),
      loader: "ts",
    }));
  },
};

/** The handler and this package as one module; the contract's imports stay imports. */
async function bundled(entry) {
  const { outputFiles } = await build({
    entryPoints: [path.resolve(entry)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2023",
    // Names of functions and lines of code are what a stack in the log is read by.
    minify: false,
    charset: "utf8",
    legalComments: "none",
    external: ["synapsor:handler/*"],
    plugins: [modules],
    absWorkingDir: path.dirname(path.resolve(entry)),
    logLevel: "warning",
  });
  return outputFiles[0].text;
}

/** Fails where the compiler finds something; it says what. */
function checkTypes(entry) {
  const project = path.join(path.dirname(entry), "tsconfig.json");
  if (!entry.endsWith(".ts") || !existsSync(project)) return;
  const compiler = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));
  // Standard output is for what a build makes; the findings go where errors go.
  const { status } = spawnSync(process.execPath, [compiler, "--project", project], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("the types do not fit");
}

/** Everything that decides what the component does. */
async function ingredients(entry, wit) {
  const contract = halved(await readFile(path.join(wit, "handler.wit"), "utf8"));
  const types = contract.replace(/^ *\/\/\/.*\n/gm, "");
  const script = await bundled(entry);
  const runtime = await readFile(fileURLToPath(import.meta.resolve("componentize-qjs/package.json")), "utf8");
  const digest = createHash("sha256").update(JSON.stringify([types, script, JSON.parse(runtime).version])).digest("hex");
  return { contract, script, digest };
}

async function component({ contract, script, digest }) {
  const folder = await mkdtemp(path.join(tmpdir(), "synapsor-javascript-"));
  try {
    await writeFile(path.join(folder, "handler.wit"), contract);
    const { component } = await componentize({
      witPath: folder,
      jsSource: script,
      world: "proposer",
      // A synchronous component without a single WASI import: the host has none to give.
      sync: true,
      stubWasi: true,
    });
    return Buffer.concat([whole(component), madeOf(digest)]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A custom section: id 0, its length, and a name and a text, the name with its length too. */
function madeOf(digest) {
  const name = "synapsor-made-of";
  return Buffer.from([0, 1 + name.length + digest.length, name.length, ...Buffer.from(name + digest)]);
}

const options = { wit: { type: "string" }, check: { type: "boolean" } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const [entry, output] = positionals;
if (!values.wit || positionals.length !== 2) {
  process.stderr.write("componentize: usage: node componentize.mjs [--check] --wit FOLDER ENTRY COMPONENT\n");
  process.exit(2);
}
try {
  checkTypes(entry);
  const made = await ingredients(entry, values.wit);
  if (!values.check) await writeFile(output, await component(made));
  else if (!(await readFile(output)).includes(madeOf(made.digest))) throw new Error(`\`${output}\` was made of something else`);
} catch (error) {
  process.stderr.write(`componentize: \`${entry}\`: ${error.message}\n`);
  process.exit(1);
}
