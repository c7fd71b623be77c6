//! Raises a credit limit by a tenth for every six payments on time, at most by half.

use synapsor_handler::{Call, Change, Columns, Refusal, handler, refuse};

handler!(propose);

const PAYMENTS_PER_STEP: i64 = 6;
const STEPS_MAX: i64 = 5;

fn propose(call: &Call, account: &Columns) -> Result<Change, Refusal> {
    let reason = call.arguments.text("limit_reason")?;
    let steps = (account.integer("on_time_payments")? / PAYMENTS_PER_STEP).min(STEPS_MAX);
    if steps <= 0 {
        return refuse("TOO_FEW_PAYMENTS", "the account has too few payments on time");
    }
    let limit_cents = account.integer("credit_limit_cents")?;
    let Some(raised_cents) = limit_cents.checked_mul(10 + steps).map(|cents| cents / 10) else {
        return refuse("LIMIT_TOO_HIGH", "the limit is beyond what can be computed exactly");
    };
    Ok(Change::new()
        .set("credit_limit_cents", raised_cents)
        .set("limit_reason", reason)
        .summary(format!("raises the limit by {steps}0 %")))
}
