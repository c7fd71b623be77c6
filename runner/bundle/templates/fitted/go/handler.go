// {{description}}
package main

import "synapsor/handler"

func init() { handler.Propose(propose) }
func main() {}

// row holds the columns as they are now: a rule that looks at them can refuse, or compute what is set.
func propose(call handler.Call, row handler.Columns) (handler.Change, error) {
{{#columns}}
	new{{Argument}}, err := call.Arguments.{{Kind}}("{{argument}}")
	if err != nil {
		return handler.Change{}, err
	}
{{/columns}}
	return handler.Change{
		Columns: handler.Values{
{{#columns}}
			"{{column}}": handler.{{go_value}}(new{{Argument}}),
{{/columns}}
		},
		Summary: "{{summary}}",
	}, nil
}
