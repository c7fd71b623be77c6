"""Waives the late fee of an overdue invoice, up to a cap."""

from synapsor_handler import Call, Change, Columns, handler, refuse


@handler
def propose(call: Call, invoice: Columns) -> Change:
    reason = call.arguments.text("reason").strip()
    if not reason:
        refuse("REASON_EMPTY", "a waiver needs a reason")
    if invoice.text("status") != "overdue":
        refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice has a late fee to waive")
    fee_cents = invoice.integer("late_fee_cents")
    cap_cents = call.settings.integer("cap_cents")
    if fee_cents > cap_cents:
        refuse("FEE_ABOVE_CAP", f"a late fee of more than {cap_cents} cents is not waived")
    return (
        Change()
        .set("late_fee_cents", 0)
        .set("waiver_reason", reason)
        .summary(f"waives a late fee of {fee_cents} cents")
    )
