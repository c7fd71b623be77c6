// Package export_wit_world is where the generated bindings look for the handler. The package `handler` puts it here.
package export_wit_world

import (
	"synapsor/handler/internal/bindings/imports/synapsor_handler_types"
	wit "synapsor/handler/internal/wit/types"
)

// Handler answers the component's one export.
var Handler func(synapsor_handler_types.Invocation, []synapsor_handler_types.Column) wit.Result[synapsor_handler_types.Change, synapsor_handler_types.Refusal]

// Propose is called by the bindings.
func Propose(invocation synapsor_handler_types.Invocation, row []synapsor_handler_types.Column) wit.Result[synapsor_handler_types.Change, synapsor_handler_types.Refusal] {
	return Handler(invocation, row)
}
