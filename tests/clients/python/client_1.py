"""PyPI `mcp` 1: `client_1.py URL` or `client_1.py COMMAND...`. Knows the handshake only."""

import asyncio
import sys
from datetime import timedelta

import checks
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client


class Adapter:
    def __init__(self, session, version):
        self.session = session
        self.version = version

    async def tools(self):
        listed = await self.session.list_tools()
        return [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed.tools]

    async def templates(self):
        listed = await self.session.list_resource_templates()
        return [one.model_dump(by_alias=True) for one in listed.resourceTemplates]

    async def call(self, name, arguments):
        try:
            result = await self.session.call_tool(name, arguments)
        except McpError as error:
            raise checks.ProtocolRefusal(error.error.code) from error
        return checks.ToolResult(result.structuredContent, result.content[0].text, result.isError)

    async def read(self, uri):
        try:
            result = await self.session.read_resource(uri)
        except McpError as error:
            raise checks.ProtocolRefusal(error.error.code) from error
        return result.contents[0].text


def connection(target):
    if address := checks.url(target):
        return streamablehttp_client(address)
    return stdio_client(StdioServerParameters(command=target[0], args=target[1:]))


async def main(target):
    tally = checks.Tally(f"python mcp 1, {checks.transport(target)}")
    async with connection(target) as (incoming, outgoing, *_):
        async with ClientSession(incoming, outgoing, read_timeout_seconds=timedelta(seconds=30)) as session:
            opened = await session.initialize()
            await checks.surface(tally, Adapter(session, opened.protocolVersion), "2025-11-25")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(sys.argv[1:])) else 1)
