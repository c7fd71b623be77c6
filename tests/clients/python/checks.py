"""What every client must be able to do with the demo, whichever library carries it.

A client adapter offers `version`, `tools()`, `templates()`, `call(name, arguments)` and `read(uri)`; refusals of the
protocol itself surface as `ProtocolRefusal`.
"""

import json
import sys
from dataclasses import dataclass


def url(target):
    """The address a target is, where it is one and not a command line."""
    return target[0] if target[0].startswith("http") else None


def transport(target):
    return "http" if url(target) else "stdio"


class ProtocolRefusal(Exception):
    """The server answered with a JSON-RPC error."""

    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code


@dataclass
class ToolResult:
    content: dict
    text: str
    is_error: bool


class Tally:
    """Counts, prints each failure, and says how the process should exit."""

    def __init__(self, client):
        self.client = client
        self.passed = 0
        self.failed = 0

    def check(self, what, holds, found=None):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {self.client}: {what}; found {found!r}", file=sys.stderr)

    def equal(self, what, found, expected):
        self.check(f"{what} is {expected!r}", found == expected, found)

    def finish(self):
        print(f"{self.client}: {self.passed} passed, {self.failed} failed")
        return self.failed == 0


INSPECT = "billing__inspect_invoice"
WAIVE = "billing__propose_late_fee_waiver"
PLAN = "billing__propose_plan_waiver"


async def surface(tally, client, version):
    """Every check, in the order a conversation would take."""
    tally.equal("the protocol version", client.version, version)
    await listing(tally, client)
    await reading(tally, client)
    for tool, invoice in [(WAIVE, "INV-3001"), (PLAN, "INV-3002")]:
        await proposing(tally, client, tool, invoice)
    await refusing(tally, client)


async def listing(tally, client):
    tools = await client.tools()
    tally.equal("the tool names", [tool["name"] for tool in tools], [INSPECT, WAIVE, PLAN])
    for tool in tools:
        hints = tool["annotations"]
        tally.equal(f"destructiveHint of {tool['name']}", hints["destructiveHint"], False)
        tally.equal(f"readOnlyHint of {tool['name']}", hints["readOnlyHint"], tool["name"] == INSPECT)
        tally.check(f"{tool['name']} declares its output", tool["outputSchema"]["type"] == "object")
        tally.check(f"{tool['name']} has no tenant argument", "tenant" not in json.dumps(tool["inputSchema"]))
    kinds = sorted(template["uriTemplate"] for template in await client.templates())
    tally.equal("the templates", kinds, [f"synapsor://{kind}/{{id}}" for kind in ("evidence", "proposals", "replay")])


async def reading(tally, client):
    result = await client.call(INSPECT, {"invoice_id": "INV-3001"})
    tally.equal("isError of a read", result.is_error, False)
    tally.equal("the late fee", result.content["data"]["late_fee_cents"], 5500)
    tally.equal("the text beside the structure", json.loads(result.text), result.content)


async def proposing(tally, client, tool, invoice):
    result = await client.call(tool, {"invoice_id": invoice, "reason": "goodwill"})
    tally.equal(f"isError of {tool}", result.is_error, False)
    proposal = result.content.get("proposal", {})
    tally.equal(f"the state of {tool}", proposal.get("state"), "pending_review")
    tally.check(f"{tool} has a diff", "late_fee_cents" in proposal.get("diff", {}), result.content)
    tally.equal(f"the source after {tool}", result.content.get("source_database_changed"), False)
    if "id" in proposal:
        record = json.loads(await client.read(f"synapsor://proposals/{proposal['id']}"))
        tally.check(f"the record of {tool} names it", proposal["id"] in json.dumps(record))


async def refusing(tally, client):
    cases = [
        (INSPECT, {"invoice_id": "INV-3001", "tenant_id": "otherco"}, "MODEL_CANNOT_OVERRIDE_BINDING"),
        (WAIVE, {"invoice_id": "INV-3001", "reason": "x", "tenant_id": "otherco"}, "MODEL_CANNOT_OVERRIDE_BINDING"),
        (INSPECT, {"invoice_id": "INV-9001"}, "ROW_NOT_FOUND"),
        (INSPECT, {}, "ARGUMENT_REQUIRED"),
    ]
    for tool, arguments, reason in cases:
        result = await client.call(tool, arguments)
        tally.equal(f"isError for {arguments}", result.is_error, True)
        tally.equal(f"the reason for {arguments}", result.content["error"]["reason"], reason)
        tally.equal(f"the source after {arguments}", result.content["error"]["source_changed"], "no")
    missing = -32602 if client.version >= "2026-07-28" else -32002
    await refused(tally, "an unknown tool", client.call("approve", {"proposal_id": "wrp_1"}), -32602)
    await refused(tally, "a missing record", client.read("synapsor://proposals/wrp_missing"), missing)


async def refused(tally, what, request, code):
    try:
        answer = await request
    except ProtocolRefusal as refusal:
        tally.equal(f"the error code for {what}", refusal.code, code)
    else:
        tally.check(f"{what} is refused", False, answer)
