// Waives a late fee, within what the customer's plan allows in a calendar year.
//
// Each plan has a yearly allowance in cents (setting `cap_cents_<plan>`), and nobody gets more waivers in a year than
// `waivers_per_year_max`. What is left of the allowance is waived, up to the whole fee; the rest of the fee stays.

import { type Call, Change, handler, log, reads, refuse } from "synapsor-handler";

/** `rows_max` of the read `waivers` in the manifest. The runner stops there, so a full answer may be a cut one. */
const WAIVERS_READ_MAX = 50;

export const propose = handler((call, invoice) => {
  const reason = call.arguments.text("reason").trim();
  if (reason === "") refuse("REASON_EMPTY", "a waiver needs a reason");
  if (invoice.text("status") !== "overdue") {
    refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice carries a late fee that can be waived");
  }
  const feeCents = invoice.integer("late_fee_cents");
  if (feeCents <= 0n) refuse("NOTHING_TO_WAIVE", "the invoice has no late fee");

  const customerId = invoice.text("customer_id");
  const plan = planOf(customerId);
  const allowanceCents = yearlyAllowance(call, plan);
  const used = usedThisYear(call, customerId);
  const waiversMax = call.settings.integer("waivers_per_year_max");
  if (used.waivers >= waiversMax) {
    refuse("YEARLY_WAIVERS_USED", `the customer has had ${waiversMax} waivers this year`);
  }
  const leftCents = allowanceCents - used.cents;
  if (leftCents <= 0n) refuse("YEARLY_CAP_REACHED", `plan \`${plan}\` has nothing left to waive this year`);

  const waivedCents = feeCents < leftCents ? feeCents : leftCents;
  log.info(`plan ${plan}: ${used.cents} of ${allowanceCents} cents used this year`);
  return new Change()
    .set("late_fee_cents", feeCents - waivedCents)
    .set("waiver_reason", reason)
    .summary(
      `waives ${amount(waivedCents)} of a late fee of ${amount(feeCents)} ` +
        `(${amount(leftCents - waivedCents)} left for plan \`${plan}\` this year)`,
    );
});

function planOf(customerId: string): string {
  const customer = reads.get("customer", customerId);
  return customer ? customer.text("plan") : refuse("CUSTOMER_NOT_FOUND", "the invoice's customer does not exist");
}

function yearlyAllowance(call: Call, plan: string): bigint {
  return (
    call.settings.optionalInteger(`cap_cents_${plan}`) ??
    refuse("PLAN_WITHOUT_WAIVERS", `plan \`${plan}\` includes no waivers`)
  );
}

/** What the customer has been waived since the first of January, UTC. */
function usedThisYear(call: Call, customerId: string): { waivers: number; cents: bigint } {
  const waivers = reads.find("waivers", { customer_id: customerId });
  if (waivers.length >= WAIVERS_READ_MAX) {
    refuse("HISTORY_TOO_LONG", "the customer has too many waivers to be counted safely");
  }
  const thisYear = waivers.filter((waiver) => waiver.day("created_at").year === call.today().year);
  return {
    waivers: thisYear.length,
    cents: thisYear.reduce((sum, waiver) => sum + waiver.integer("amount_cents"), 0n),
  };
}

/** Cents as a person reads them: `12.05`. */
function amount(cents: bigint): string {
  return `${cents / 100n}.${(cents % 100n).toString().padStart(2, "0")}`;
}
