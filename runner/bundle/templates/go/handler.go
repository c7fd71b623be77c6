// Waives the late fee of an overdue invoice, up to a cap.
package main

import (
	"fmt"
	"strings"

	"synapsor/handler"
)

func init() { handler.Propose(propose) }
func main() {}

func propose(call handler.Call, invoice handler.Columns) (handler.Change, error) {
	reason, err := call.Arguments.Text("reason")
	if err != nil {
		return handler.Change{}, err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return handler.Change{}, handler.Refuse("REASON_EMPTY", "a waiver needs a reason")
	}
	status, err := invoice.Text("status")
	if err != nil {
		return handler.Change{}, err
	}
	if status != "overdue" {
		return handler.Change{}, handler.Refuse("INVOICE_NOT_OVERDUE", "only an overdue invoice has a late fee to waive")
	}
	feeCents, err := invoice.Integer("late_fee_cents")
	if err != nil {
		return handler.Change{}, err
	}
	capCents, err := call.Settings.Integer("cap_cents")
	if err != nil {
		return handler.Change{}, err
	}
	if feeCents > capCents {
		return handler.Change{}, handler.Refuse("FEE_ABOVE_CAP", "a late fee of more than %d cents is not waived", capCents)
	}
	return handler.Change{
		Columns: handler.Values{
			"late_fee_cents": handler.Integer(0),
			"waiver_reason":  handler.Text(reason),
		},
		Summary: fmt.Sprintf("waives a late fee of %d cents", feeCents),
	}, nil
}
