//! Credits the days a subscription's period has left.

use synapsor_handler::{Call, Change, Columns, Refusal, handler, refuse};

handler!(propose);

fn propose(call: &Call, subscription: &Columns) -> Result<Change, Refusal> {
    let reason = call.arguments.text("credit_reason")?;
    let (begins, ends) = (subscription.day("period_starts_on")?, subscription.day("period_ends_on")?);
    let days = ends.days_since(begins);
    let left_days = ends.days_since(call.today()).min(days);
    if days <= 0 || left_days <= 0 {
        return refuse("PERIOD_OVER", "the period has no day left");
    }
    let price_cents = subscription.integer("price_cents")?;
    // Down to the cent: nobody gets more than they paid.
    let Some(credit_cents) = price_cents.checked_mul(left_days).map(|cents| cents / days) else {
        return refuse("PRICE_TOO_HIGH", "the price is beyond what can be computed exactly");
    };
    Ok(Change::new()
        .set("credit_cents", credit_cents)
        .set("credit_reason", reason)
        .summary(format!("credits {left_days} of {days} days")))
}
