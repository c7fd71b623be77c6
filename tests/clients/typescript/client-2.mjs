// npm `@modelcontextprotocol/client` 2: `client-2.mjs legacy|auto|pin URL` or `... COMMAND...`.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

import { Tally, surface, transport, url } from "./checks.mjs";

const MODES = {
  legacy: { mode: "legacy", version: "2025-11-25" },
  auto: { mode: "auto", version: "2026-07-28" },
  pin: { mode: { pin: "2026-07-28" }, version: "2026-07-28" },
};

const [name, ...target] = process.argv.slice(2);
const { mode, version } = MODES[name];
const tally = new Tally(`typescript client 2, ${name}, ${transport(target)}`);
const client = new Client({ name: "real-client", version: "0" }, { versionNegotiation: { mode } });
const [command, ...args] = target;
const address = url(target);
await client.connect(
  address ? new StreamableHTTPClientTransport(address) : new StdioClientTransport({ command, args }),
);
const adapter = {
  version: client.getNegotiatedProtocolVersion(),
  missing: -32602, // whatever the era: the library makes its own error of both codes
  tools: async () => (await client.listTools()).tools,
  templates: async () => (await client.listResourceTemplates()).resourceTemplates,
  call: (tool, given) => client.callTool({ name: tool, arguments: given }),
  read: async (uri) => (await client.readResource({ uri })).contents[0].text,
};
await surface(tally, adapter, version);
await client.close();
process.exit(tally.finish() ? 0 : 1);
