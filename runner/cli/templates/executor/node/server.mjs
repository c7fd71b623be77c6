// The executor over HTTP: `node server.mjs`, with APP_DATABASE_URL and EXECUTOR_SECRET set. PORT is 8787 where it is not set.

import { createServer } from "node:http";

import { executor } from "./change.mjs";
import { BODY_BYTES_MAX } from "./synapsor-executor/index.mjs";

async function bodyOf(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const server = createServer(async (request, response) => {
  const body = await bodyOf(request).catch(() => undefined);
  const answer =
    body === undefined ? { status: 413, body: '{"error":"BODY_TOO_LARGE"}' } : await executor.overHttp(request.headers, body);
  response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
});

server.listen(Number(process.env.PORT ?? 8787), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
