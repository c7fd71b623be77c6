"""The program of docs/guides/openai-agents.md as it stands there, with a model that follows a script."""

import asyncio
import json
import pathlib
import re
import sys

import checks
from agents import ModelResponse, Usage, set_tracing_disabled
from agents.models.interface import Model
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

GUIDE = pathlib.Path(__file__).resolve().parents[3] / "docs/guides/openai-agents.md"


def program():
    """The guide's program, as a module's names."""
    [code] = re.findall(r"<!-- agent.py -->\n```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    names = {"__name__": "agent"}
    exec(compile(code, str(GUIDE), "exec"), names)
    return names


class Scripted(Model):
    """Calls the tools of the script one after the other, then says what the last one answered."""

    def __init__(self, script):
        self.script = list(script)
        self.tools = set()
        self.answers = []

    async def get_response(self, system_instructions, input, model_settings, tools, *_, **__):
        self.tools = {tool.name for tool in tools}
        self.answers = [item["output"] for item in input if item.get("type") == "function_call_output"]
        step = len(self.answers)
        if step < len(self.script):
            name, arguments = self.script[step]
            item = ResponseFunctionToolCall(
                type="function_call", call_id=f"call-{step}", name=name, arguments=json.dumps(arguments)
            )
        else:
            text = ResponseOutputText(type="output_text", text=plain(self.answers[-1]), annotations=[])
            item = ResponseOutputMessage(
                id="message", type="message", role="assistant", status="completed", content=[text]
            )
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *_, **__):
        raise NotImplementedError("the example does not stream")


def plain(output):
    """The text of a tool's output, which is text or a list of parts."""
    if isinstance(output, str):
        return output
    parts = output if isinstance(output, list) else [output]
    return "".join(part["text"] for part in parts)


async def main():
    set_tracing_disabled(True)
    tally = checks.Tally(f"openai-agents, {sys.argv[1]}")
    model = Scripted(
        [
            (checks.INSPECT, {"invoice_id": "INV-3001"}),
            (checks.WAIVE, {"invoice_id": "INV-3001", "reason": "the bank's mistake"}),
            (checks.INSPECT, {"invoice_id": "INV-9001"}),
        ]
    )
    said = await program()["run"]("waive it", model=model)
    tally.equal("the tools", model.tools, {checks.INSPECT, checks.WAIVE, checks.PLAN})
    tally.check("the read shows the row", "5500" in plain(model.answers[0]), model.answers[0])
    tally.check("the proposal waits", "pending_review" in plain(model.answers[1]), model.answers[1])
    tally.check("another tenant's row does not exist", "ROW_NOT_FOUND" in said, said)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
