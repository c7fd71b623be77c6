//! Refunds what is left of a delivered order.

use synapsor_handler::{Call, Change, Columns, Refusal, handler, refuse};

handler!(propose);

fn propose(call: &Call, order: &Columns) -> Result<Change, Refusal> {
    let reason = call.arguments.text("refund_reason")?;
    if order.text("status")? != "delivered" {
        return refuse("ORDER_NOT_DELIVERED", "only a delivered order is refunded");
    }
    let total_cents = order.integer("total_cents")?;
    let left_cents = total_cents.saturating_sub(order.integer("refunded_cents")?);
    if left_cents <= 0 {
        return refuse("NOTHING_LEFT", "the order is refunded already");
    }
    Ok(Change::new()
        .set("refunded_cents", total_cents)
        .set("refund_reason", reason)
        .summary(format!("refunds the {left_cents} cents that are left")))
}
