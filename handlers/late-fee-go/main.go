// Waives a late fee, within what the customer's plan allows in a calendar year.
//
// Each plan has a yearly allowance in cents (setting `cap_cents_<plan>`), and nobody gets more waivers in a year than
// `waivers_per_year_max`. What is left of the allowance is waived, up to the whole fee; the rest of the fee stays.
package main

import (
	"fmt"
	"math"
	"strings"

	"synapsor/handler"
)

func init() { handler.Propose(propose) }
func main() {}

// `rows_max` of the read `waivers` in the manifest. The runner stops there, so a full answer may be a cut one.
const waiversReadMax = 50

func propose(call handler.Call, invoice handler.Columns) (handler.Change, error) {
	reason, err := reasonOf(call)
	if err != nil {
		return handler.Change{}, err
	}
	feeCents, err := overdueFee(invoice)
	if err != nil {
		return handler.Change{}, err
	}
	customerID, err := invoice.Text("customer_id")
	if err != nil {
		return handler.Change{}, err
	}
	plan, err := planOf(customerID)
	if err != nil {
		return handler.Change{}, err
	}
	leftCents, err := leftThisYear(call, customerID, plan)
	if err != nil {
		return handler.Change{}, err
	}

	waivedCents := min(feeCents, leftCents)
	return handler.Change{
		Columns: handler.Values{
			"late_fee_cents": handler.Integer(feeCents - waivedCents),
			"waiver_reason":  handler.Text(reason),
		},
		Summary: fmt.Sprintf("waives %s of a late fee of %s (%s left for plan `%s` this year)",
			amount(waivedCents), amount(feeCents), amount(leftCents-waivedCents), plan),
	}, nil
}

func reasonOf(call handler.Call) (string, error) {
	reason, err := call.Arguments.Text("reason")
	if err != nil {
		return "", err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return "", handler.Refuse("REASON_EMPTY", "a waiver needs a reason")
	}
	return reason, nil
}

func overdueFee(invoice handler.Columns) (int64, error) {
	status, err := invoice.Text("status")
	if err != nil {
		return 0, err
	}
	if status != "overdue" {
		return 0, handler.Refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice carries a late fee that can be waived")
	}
	feeCents, err := invoice.Integer("late_fee_cents")
	if err != nil {
		return 0, err
	}
	if feeCents <= 0 {
		return 0, handler.Refuse("NOTHING_TO_WAIVE", "the invoice has no late fee")
	}
	return feeCents, nil
}

func planOf(customerID string) (string, error) {
	customer, found, err := handler.Get("customer", handler.Text(customerID))
	if err != nil {
		return "", err
	}
	if !found {
		return "", handler.Refuse("CUSTOMER_NOT_FOUND", "the invoice's customer does not exist")
	}
	return customer.Text("plan")
}

// leftThisYear is what the plan still allows the customer to be waived, in cents; always something.
func leftThisYear(call handler.Call, customerID, plan string) (int64, error) {
	allowanceCents, found, err := call.Settings.OptionalInteger("cap_cents_" + plan)
	if err != nil {
		return 0, err
	}
	if !found {
		return 0, handler.Refuse("PLAN_WITHOUT_WAIVERS", "plan `%s` includes no waivers", plan)
	}
	used, err := usedThisYear(call, customerID)
	if err != nil {
		return 0, err
	}
	waiversMax, err := call.Settings.Integer("waivers_per_year_max")
	if err != nil {
		return 0, err
	}
	if used.waivers >= waiversMax {
		return 0, handler.Refuse("YEARLY_WAIVERS_USED", "the customer has had %d waivers this year", waiversMax)
	}
	leftCents := addSaturating(allowanceCents, -used.cents)
	if leftCents <= 0 {
		return 0, handler.Refuse("YEARLY_CAP_REACHED", "plan `%s` has nothing left to waive this year", plan)
	}
	handler.LogInfo(fmt.Sprintf("plan %s: %d of %d cents used this year", plan, used.cents, allowanceCents))
	return leftCents, nil
}

// What the customer has been waived since the first of January, UTC.
type used struct {
	waivers int64
	cents   int64
}

func usedThisYear(call handler.Call, customerID string) (used, error) {
	waivers, err := handler.Find("waivers", handler.Values{"customer_id": handler.Text(customerID)})
	if err != nil {
		return used{}, err
	}
	if len(waivers) >= waiversReadMax {
		return used{}, handler.Refuse("HISTORY_TOO_LONG", "the customer has too many waivers to be counted safely")
	}
	var total used
	for _, waiver := range waivers {
		created, err := waiver.Day("created_at")
		if err != nil {
			return used{}, err
		}
		if created.Year != call.Today().Year {
			continue
		}
		amountCents, err := waiver.Integer("amount_cents")
		if err != nil {
			return used{}, err
		}
		total.waivers++
		total.cents = addSaturating(total.cents, amountCents)
	}
	return total, nil
}

// addSaturating stops at the end of the range: a sum beyond 64 bits is certainly beyond any allowance.
func addSaturating(left, right int64) int64 {
	sum := left + right
	switch {
	case left > 0 && right > 0 && sum < 0:
		return math.MaxInt64
	case left < 0 && right < 0 && sum >= 0:
		return -math.MaxInt64
	}
	return sum
}

// Cents as a person reads them: `12.05`.
func amount(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
