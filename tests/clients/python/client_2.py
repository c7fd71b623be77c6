"""PyPI `mcp` 2: `client_2.py legacy|auto URL` or `... COMMAND...`. `auto` is the library's default and finds 2026-07-28 by itself."""

import asyncio
import sys

import checks
from mcp import Client, MCPError, StdioServerParameters

VERSIONS = {"legacy": "2025-11-25", "auto": "2026-07-28"}


class Adapter:
    def __init__(self, client):
        self.client = client
        self.version = client.protocol_version

    async def tools(self):
        listed = await self.client.list_tools()
        return [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed.tools]

    async def templates(self):
        listed = await self.client.list_resource_templates()
        return [one.model_dump(by_alias=True) for one in listed.resource_templates]

    async def call(self, name, arguments):
        try:
            result = await self.client.call_tool(name, arguments)
        except MCPError as error:
            raise checks.ProtocolRefusal(error.code) from error
        return checks.ToolResult(result.structured_content, result.content[0].text, result.is_error)

    async def read(self, uri):
        try:
            result = await self.client.read_resource(uri)
        except MCPError as error:
            raise checks.ProtocolRefusal(error.code) from error
        return result.contents[0].text


async def main(mode, target):
    tally = checks.Tally(f"python mcp 2, {mode}, {checks.transport(target)}")
    server = checks.url(target) or StdioServerParameters(command=target[0], args=target[1:])
    async with Client(server, mode=mode, read_timeout_seconds=30) as client:
        await checks.surface(tally, Adapter(client), VERSIONS[mode])
    return tally.finish()


if __name__ == "__main__":
    mode, *target = sys.argv[1:]
    sys.exit(0 if asyncio.run(main(mode, target)) else 1)
