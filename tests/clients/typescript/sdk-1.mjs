// npm `@modelcontextprotocol/sdk` 1: `sdk-1.mjs URL` or `sdk-1.mjs COMMAND...`. Knows the handshake only.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { Tally, surface, transport, url } from "./checks.mjs";

const target = process.argv.slice(2);
const tally = new Tally(`typescript sdk 1, ${transport(target)}`);
const client = new Client({ name: "real-client", version: "0" });
const [command, ...args] = target;
const address = url(target);
const connection = address ? new StreamableHTTPClientTransport(address) : new StdioClientTransport({ command, args });
// The library tells the agreed version to its transport only.
let version;
const told = connection.setProtocolVersion?.bind(connection);
connection.setProtocolVersion = (agreed) => {
  version = agreed;
  told?.(agreed);
};
await client.connect(connection);
const adapter = {
  version,
  missing: -32002,
  tools: async () => (await client.listTools()).tools,
  templates: async () => (await client.listResourceTemplates()).resourceTemplates,
  call: (tool, given) => client.callTool({ name: tool, arguments: given }),
  read: async (uri) => (await client.readResource({ uri })).contents[0].text,
};
await surface(tally, adapter, "2025-11-25");
await client.close();
process.exit(tally.finish() ? 0 : 1);
