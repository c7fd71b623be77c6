"""PyPI `fastmcp` 4: `client_fastmcp.py legacy|auto URL` or `... COMMAND...`."""

import asyncio
import sys

import checks
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from mcp import MCPError

VERSIONS = {"legacy": "2025-11-25", "auto": "2026-07-28"}


class Adapter:
    def __init__(self, client, version):
        self.client = client
        self.version = version

    async def tools(self):
        return [tool.model_dump(by_alias=True, exclude_none=True) for tool in await self.client.list_tools()]

    async def templates(self):
        return [one.model_dump(by_alias=True) for one in await self.client.list_resource_templates()]

    async def call(self, name, arguments):
        try:
            result = await self.client.call_tool(name, arguments, raise_on_error=False)
        except MCPError as error:
            raise checks.ProtocolRefusal(error.code) from error
        return checks.ToolResult(result.structured_content, result.content[0].text, result.is_error)

    async def read(self, uri):
        try:
            contents = await self.client.read_resource(uri)
        except MCPError as error:
            raise checks.ProtocolRefusal(error.code) from error
        return contents[0].text


async def main(mode, target):
    tally = checks.Tally(f"python fastmcp 4, {mode}, {checks.transport(target)}")
    server = checks.url(target) or StdioTransport(target[0], target[1:], keep_alive=False)
    async with Client(server, mode=mode, timeout=30) as client:
        await checks.surface(tally, Adapter(client, VERSIONS[mode]), VERSIONS[mode])
    return tally.finish()


if __name__ == "__main__":
    mode, *target = sys.argv[1:]
    sys.exit(0 if asyncio.run(main(mode, target)) else 1)
