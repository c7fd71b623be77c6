// Waives the late fee of an overdue invoice, up to a cap.

import { Change, handler, refuse } from "synapsor-handler";

export const propose = handler((call, invoice) => {
  const reason = call.arguments.text("reason").trim();
  if (reason === "") refuse("REASON_EMPTY", "a waiver needs a reason");
  if (invoice.text("status") !== "overdue") {
    refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice has a late fee to waive");
  }
  const feeCents = invoice.integer("late_fee_cents");
  const capCents = call.settings.integer("cap_cents");
  if (feeCents > capCents) refuse("FEE_ABOVE_CAP", `a late fee of more than ${capCents} cents is not waived`);
  return new Change()
    .set("late_fee_cents", 0n)
    .set("waiver_reason", reason)
    .summary(`waives a late fee of ${feeCents} cents`);
});
