//! Waives the late fee of an overdue invoice, up to a cap.

use synapsor_handler::{Call, Change, Columns, Refusal, handler, refuse};

handler!(propose);

fn propose(call: &Call, invoice: &Columns) -> Result<Change, Refusal> {
    let reason = call.arguments.text("reason")?.trim();
    if reason.is_empty() {
        return refuse("REASON_EMPTY", "a waiver needs a reason");
    }
    if invoice.text("status")? != "overdue" {
        return refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice has a late fee to waive");
    }
    let fee_cents = invoice.integer("late_fee_cents")?;
    let cap_cents = call.settings.integer("cap_cents")?;
    if fee_cents > cap_cents {
        return refuse(
            "FEE_ABOVE_CAP",
            format!("a late fee of more than {cap_cents} cents is not waived"),
        );
    }
    Ok(Change::new()
        .set("late_fee_cents", 0)
        .set("waiver_reason", reason)
        .summary(format!("waives a late fee of {fee_cents} cents")))
}
