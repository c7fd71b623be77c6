"""PyPI `pydantic-ai` 2: an agent whose model is a script: `agent_pydantic.py URL` or `... COMMAND...`.

The model reads an invoice, proposes a waiver, and says what it was told; no network model takes part.
"""

import asyncio
import json
import sys

import checks
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel

STEPS = [
    (checks.INSPECT, {"invoice_id": "INV-3001"}),
    (checks.WAIVE, {"invoice_id": "INV-3001", "reason": "goodwill"}),
]


class Script:
    """Asks for one tool after the other and keeps what came back."""

    def __init__(self):
        self.offered = []
        self.returned = []

    def answer(self, messages, info):
        self.offered = sorted(tool.name for tool in info.function_tools)
        parts = [part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
        self.returned = [part.content for part in parts]
        if len(parts) < len(STEPS):
            name, arguments = STEPS[len(parts)]
            return ModelResponse(parts=[ToolCallPart(name, arguments)])
        return ModelResponse(parts=[TextPart("It waits for a person.")])


async def main(target):
    tally = checks.Tally(f"pydantic-ai 2, agent, {checks.transport(target)}")
    server = checks.url(target) or StdioTransport(target[0], target[1:], keep_alive=False)
    script = Script()
    agent = Agent(FunctionModel(script.answer), toolsets=[MCPToolset(Client(server, timeout=30))])
    async with agent:
        said = await agent.run("Waive the late fee of INV-3001.")
    tally.equal("the tools it was offered", script.offered, sorted([checks.INSPECT, checks.WAIVE, checks.PLAN]))
    tally.equal("how it ended", said.output, "It waits for a person.")
    tally.equal("the number of answers", len(script.returned), len(STEPS))
    if len(script.returned) == len(STEPS):
        read, proposed = (given if isinstance(given, dict) else json.loads(given) for given in script.returned)
        tally.equal("the late fee it read", read["data"]["late_fee_cents"], 5500)
        tally.equal("the state of its proposal", proposed["proposal"]["state"], "pending_review")
        tally.equal("the source after its proposal", proposed["source_database_changed"], False)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(sys.argv[1:])) else 1)
