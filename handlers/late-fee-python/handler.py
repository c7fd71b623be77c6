"""Waives a late fee, within what the customer's plan allows in a calendar year.

Each plan has a yearly allowance in cents (setting `cap_cents_<plan>`), and nobody gets more waivers in a year than
`waivers_per_year_max`. What is left of the allowance is waived, up to the whole fee; the rest of the fee stays.
"""

from dataclasses import dataclass

from synapsor_handler import Call, Change, Columns, handler, log, reads, refuse

# `rows_max` of the read `waivers` in the manifest. The runner stops there, so a full answer may be a cut one.
WAIVERS_READ_MAX = 50


@handler
def propose(call: Call, invoice: Columns) -> Change:
    reason = call.arguments.text("reason").strip()
    if not reason:
        refuse("REASON_EMPTY", "a waiver needs a reason")
    if invoice.text("status") != "overdue":
        refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice carries a late fee that can be waived")
    fee_cents = invoice.integer("late_fee_cents")
    if fee_cents <= 0:
        refuse("NOTHING_TO_WAIVE", "the invoice has no late fee")

    customer_id = invoice.text("customer_id")
    plan = plan_of(customer_id)
    allowance_cents = yearly_allowance(call, plan)
    used = used_this_year(call, customer_id)
    waivers_max = call.settings.integer("waivers_per_year_max")
    if used.waivers >= waivers_max:
        refuse("YEARLY_WAIVERS_USED", f"the customer has had {waivers_max} waivers this year")
    left_cents = allowance_cents - used.cents
    if left_cents <= 0:
        refuse("YEARLY_CAP_REACHED", f"plan `{plan}` has nothing left to waive this year")

    waived_cents = min(fee_cents, left_cents)
    log.info(f"plan {plan}: {used.cents} of {allowance_cents} cents used this year")
    return (
        Change()
        .set("late_fee_cents", fee_cents - waived_cents)
        .set("waiver_reason", reason)
        .summary(
            f"waives {amount(waived_cents)} of a late fee of {amount(fee_cents)} "
            f"({amount(left_cents - waived_cents)} left for plan `{plan}` this year)"
        )
    )


def plan_of(customer_id: str) -> str:
    customer = reads.get("customer", customer_id)
    if customer is None:
        refuse("CUSTOMER_NOT_FOUND", "the invoice's customer does not exist")
    return customer.text("plan")


def yearly_allowance(call: Call, plan: str) -> int:
    cents = call.settings.optional_integer(f"cap_cents_{plan}")
    if cents is None:
        refuse("PLAN_WITHOUT_WAIVERS", f"plan `{plan}` includes no waivers")
    return cents


@dataclass
class Used:
    """What the customer has been waived since the first of January, UTC."""

    waivers: int
    cents: int


def used_this_year(call: Call, customer_id: str) -> Used:
    waivers = reads.find("waivers", customer_id=customer_id)
    if len(waivers) >= WAIVERS_READ_MAX:
        refuse("HISTORY_TOO_LONG", "the customer has too many waivers to be counted safely")
    this_year = [waiver for waiver in waivers if waiver.day("created_at").year == call.today().year]
    return Used(len(this_year), sum(waiver.integer("amount_cents") for waiver in this_year))


def amount(cents: int) -> str:
    """Cents as a person reads them: `12.05`."""
    return f"{cents // 100}.{cents % 100:02}"
