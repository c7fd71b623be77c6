// Package handler is what a Go handler is written with: typed access to the call and the row, a change to return, and
// the contract's two imports.
//
//	package main
//
//	import (
//		"fmt"
//
//		"synapsor/handler"
//	)
//
//	func init() { handler.Propose(propose) }
//	func main() {}
//
//	func propose(call handler.Call, invoice handler.Columns) (handler.Change, error) {
//		feeCents, err := invoice.Integer("late_fee_cents")
//		if err != nil {
//			return handler.Change{}, err
//		}
//		if feeCents == 0 {
//			return handler.Change{}, handler.Refuse("NOTHING_TO_WAIVE", "the invoice has no late fee")
//		}
//		return handler.Change{
//			Columns: handler.Values{"late_fee_cents": handler.Integer(0)},
//			Summary: fmt.Sprintf("waives a late fee of %d cents", feeCents),
//		}, nil
//	}
//
// A handler decides one call of one proposal capability. It is a pure function of what it is given and what its
// declared reads return. [time.Now] is the call's own instant, random numbers are the same in every call, and what is
// printed goes to the operator's log; there are no files, no environment and no network.
//
// Absent on purpose: floats. A database number is an int64 or an exact [Decimal].
package handler

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Func is a business rule. It returns the change to propose, or an error: one from [Refuse] as it is, any other as a
// refusal HANDLER_ERROR.
type Func func(call Call, row Columns) (Change, error)

var registered Func

// Propose makes a function the handler of this component. Call it once, from init.
func Propose(propose Func) {
	registered = propose
}

// answer runs the rule. A panic becomes a refusal, and its words are the operator's: they may hold values of the row.
func answer(propose Func, call Call, row Columns) (change Change, refusal *Refusal) {
	defer func() {
		if panicked := recover(); panicked != nil {
			LogWarn(fmt.Sprintf("panic: %v", panicked))
			LogWarn(string(debug.Stack()))
			refusal = &Refusal{Code: "HANDLER_PANIC", Message: "the handler stopped on a fault of its own; the call's log says where"}
		}
	}()
	if propose == nil {
		return Change{}, &Refusal{Code: "HANDLER_MISSING", Message: "the component calls `handler.Propose` nowhere"}
	}
	change, err := propose(call, row)
	if err == nil {
		return change, nil
	}
	if errors.As(err, &refusal) {
		return Change{}, refusal
	}
	return Change{}, &Refusal{Code: "HANDLER_ERROR", Message: err.Error()}
}
