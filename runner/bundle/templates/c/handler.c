/* Waives the late fee of an overdue invoice, up to a cap. */
#include <synapsor/handler.h>

bool propose(const syn_call *call, const syn_columns *invoice, syn_change *change) {
    const char *reason, *status;
    int64_t fee_cents, cap_cents;
    if (!syn_get_text(&call->arguments, "reason", &reason)) return false;
    reason = syn_trim(reason);
    if (!*reason) return syn_refuse("REASON_EMPTY", "a waiver needs a reason");
    if (!syn_get_text(invoice, "status", &status)) return false;
    if (!syn_equal(status, "overdue")) {
        return syn_refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice has a late fee to waive");
    }
    if (!syn_get_integer(invoice, "late_fee_cents", &fee_cents)) return false;
    if (!syn_get_integer(&call->settings, "cap_cents", &cap_cents)) return false;
    if (fee_cents > cap_cents) {
        return syn_refuse("FEE_ABOVE_CAP", "a late fee of more than %" PRId64 " cents is not waived", cap_cents);
    }
    syn_set_integer(change, "late_fee_cents", 0);
    syn_set_text(change, "waiver_reason", reason);
    syn_summary(change, "waives a late fee of %" PRId64 " cents", fee_cents);
    return true;
}
