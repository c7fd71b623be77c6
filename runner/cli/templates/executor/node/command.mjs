// The executor as a command: one request on standard input, one answer on standard output.

import { executor } from "./change.mjs";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
process.stdout.write(`${await executor.overStdio(Buffer.concat(chunks))}\n`);
