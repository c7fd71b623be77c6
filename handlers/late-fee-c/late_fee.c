/* Waives a late fee, within what the customer's plan allows in a calendar year.
 *
 * Each plan has a yearly allowance in cents (setting `cap_cents_<plan>`), and nobody gets more waivers in a year than
 * `waivers_per_year_max`. What is left of the allowance is waived, up to the whole fee; the rest of the fee stays. */
#include <synapsor/handler.h>

/* `rows_max` of the read `waivers` in the manifest. The runner stops there, so a full answer may be a cut one. */
static const size_t WAIVERS_READ_MAX = 50;

/* What the customer has been waived since the first of January, UTC. */
typedef struct {
    int64_t waivers;
    int64_t cents;
} used_this_year;

static bool plan_of(const char *customer_id, const char **plan) {
    const syn_columns *customer;
    if (!syn_read("customer", syn_of_text(customer_id), &customer)) return false;
    if (!customer) return syn_refuse("CUSTOMER_NOT_FOUND", "the invoice's customer does not exist");
    return syn_get_text(customer, "plan", plan);
}

static bool yearly_allowance(const syn_call *call, const char *plan, int64_t *cents) {
    bool present;
    if (!syn_get_optional_integer(&call->settings, syn_format("cap_cents_%s", plan), &present, cents)) return false;
    return present || syn_refuse("PLAN_WITHOUT_WAIVERS", "plan `%s` includes no waivers", plan);
}

static bool count_waivers(const syn_call *call, const char *customer_id, used_this_year *used) {
    syn_column filters[] = {{"customer_id", syn_of_text(customer_id)}};
    syn_rows waivers;
    if (!syn_find("waivers", filters, 1, &waivers)) return false;
    if (waivers.count >= WAIVERS_READ_MAX) {
        return syn_refuse("HISTORY_TOO_LONG", "the customer has too many waivers to be counted safely");
    }
    *used = (used_this_year){0};
    for (size_t i = 0; i < waivers.count; i++) {
        syn_day created;
        int64_t amount_cents;
        if (!syn_get_day(&waivers.at[i], "created_at", &created)) return false;
        if (created.year != syn_today(call).year) continue;
        if (!syn_get_integer(&waivers.at[i], "amount_cents", &amount_cents)) return false;
        used->waivers++;
        /* A sum beyond 64 bits is certainly beyond any allowance. */
        used->cents = syn_add_saturating(used->cents, amount_cents);
    }
    return true;
}

/* Cents as a person reads them: `12.05`. */
static const char *amount(int64_t cents) { return syn_format("%" PRId64 ".%02" PRId64, cents / 100, cents % 100); }

static bool check_invoice(const syn_columns *invoice, int64_t *fee_cents) {
    const char *status;
    if (!syn_get_text(invoice, "status", &status)) return false;
    if (!syn_equal(status, "overdue")) {
        return syn_refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice carries a late fee that can be waived");
    }
    if (!syn_get_integer(invoice, "late_fee_cents", fee_cents)) return false;
    return *fee_cents > 0 || syn_refuse("NOTHING_TO_WAIVE", "the invoice has no late fee");
}

bool propose(const syn_call *call, const syn_columns *invoice, syn_change *change) {
    const char *reason, *customer_id, *plan;
    int64_t fee_cents, allowance_cents, waivers_max;
    used_this_year used;
    if (!syn_get_text(&call->arguments, "reason", &reason)) return false;
    reason = syn_trim(reason);
    if (!*reason) return syn_refuse("REASON_EMPTY", "a waiver needs a reason");
    if (!check_invoice(invoice, &fee_cents)) return false;

    if (!syn_get_text(invoice, "customer_id", &customer_id)) return false;
    if (!plan_of(customer_id, &plan)) return false;
    if (!yearly_allowance(call, plan, &allowance_cents)) return false;
    if (!count_waivers(call, customer_id, &used)) return false;
    if (!syn_get_integer(&call->settings, "waivers_per_year_max", &waivers_max)) return false;
    if (used.waivers >= waivers_max) {
        return syn_refuse("YEARLY_WAIVERS_USED", "the customer has had %" PRId64 " waivers this year", waivers_max);
    }
    int64_t left_cents = syn_subtract_saturating(allowance_cents, used.cents);
    if (left_cents <= 0) {
        return syn_refuse("YEARLY_CAP_REACHED", "plan `%s` has nothing left to waive this year", plan);
    }

    int64_t waived_cents = fee_cents < left_cents ? fee_cents : left_cents;
    syn_log_info("plan %s: %" PRId64 " of %" PRId64 " cents used this year", plan, used.cents, allowance_cents);
    syn_set_integer(change, "late_fee_cents", fee_cents - waived_cents);
    syn_set_text(change, "waiver_reason", reason);
    syn_summary(change, "waives %s of a late fee of %s (%s left for plan `%s` this year)", amount(waived_cents),
                amount(fee_cents), amount(left_cents - waived_cents), plan);
    return true;
}
