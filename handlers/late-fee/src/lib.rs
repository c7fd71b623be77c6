//! Waives a late fee, within what the customer's plan allows in a calendar year.
//!
//! Each plan has a yearly allowance in cents (setting `cap_cents_<plan>`), and nobody gets more waivers in a year than
//! `waivers_per_year_max`. What is left of the allowance is waived, up to the whole fee; the rest of the fee stays.

use synapsor_handler::{Call, Change, Columns, Refusal, handler, log, reads, refuse};

handler!(propose);

/// `rows_max` of the read `waivers` in the manifest. The runner stops there, so a full answer may be a cut one.
const WAIVERS_READ_MAX: usize = 50;

fn propose(call: &Call, invoice: &Columns) -> Result<Change, Refusal> {
    let reason = call.arguments.text("reason")?.trim();
    if reason.is_empty() {
        return refuse("REASON_EMPTY", "a waiver needs a reason");
    }
    if invoice.text("status")? != "overdue" {
        return refuse(
            "INVOICE_NOT_OVERDUE",
            "only an overdue invoice carries a late fee that can be waived",
        );
    }
    let fee_cents = invoice.integer("late_fee_cents")?;
    if fee_cents <= 0 {
        return refuse("NOTHING_TO_WAIVE", "the invoice has no late fee");
    }

    let customer_id = invoice.text("customer_id")?;
    let plan = plan_of(customer_id)?;
    let allowance_cents = yearly_allowance(call, &plan)?;
    let used = used_this_year(call, customer_id)?;
    let waivers_max = call.settings.integer("waivers_per_year_max")?;
    if used.waivers >= waivers_max {
        return refuse(
            "YEARLY_WAIVERS_USED",
            format!("the customer has had {waivers_max} waivers this year"),
        );
    }
    let left_cents = allowance_cents.saturating_sub(used.cents);
    if left_cents <= 0 {
        return refuse("YEARLY_CAP_REACHED", format!("plan `{plan}` has nothing left to waive this year"));
    }

    let waived_cents = fee_cents.min(left_cents);
    log::info(&format!("plan {plan}: {} of {allowance_cents} cents used this year", used.cents));
    Ok(Change::new().set("late_fee_cents", fee_cents - waived_cents).set("waiver_reason", reason).summary(
        format!(
            "waives {} of a late fee of {} ({} left for plan `{plan}` this year)",
            amount(waived_cents),
            amount(fee_cents),
            amount(left_cents - waived_cents),
        ),
    ))
}

fn plan_of(customer_id: &str) -> Result<String, Refusal> {
    match reads::get("customer", customer_id)? {
        Some(customer) => Ok(customer.text("plan")?.to_owned()),
        None => refuse("CUSTOMER_NOT_FOUND", "the invoice's customer does not exist"),
    }
}

fn yearly_allowance(call: &Call, plan: &str) -> Result<i64, Refusal> {
    match call.settings.optional_integer(&format!("cap_cents_{plan}"))? {
        Some(cents) => Ok(cents),
        None => refuse("PLAN_WITHOUT_WAIVERS", format!("plan `{plan}` includes no waivers")),
    }
}

/// What the customer has been waived since the first of January, UTC.
struct Used {
    waivers: i64,
    cents: i64,
}

fn used_this_year(call: &Call, customer_id: &str) -> Result<Used, Refusal> {
    let waivers = reads::find("waivers", [("customer_id", customer_id)])?;
    if waivers.len() >= WAIVERS_READ_MAX {
        return refuse("HISTORY_TOO_LONG", "the customer has too many waivers to be counted safely");
    }
    let mut used = Used { waivers: 0, cents: 0 };
    for waiver in &waivers {
        if waiver.day("created_at")?.year() == call.today().year() {
            used.waivers += 1;
            // A sum beyond 64 bits is certainly beyond any allowance.
            used.cents = used.cents.saturating_add(waiver.integer("amount_cents")?);
        }
    }
    Ok(used)
}

/// Cents as a person reads them: `12.05`.
fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
