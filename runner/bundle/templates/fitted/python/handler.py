"""{{description}}"""

from synapsor_handler import Call, Change, Columns, handler


# `row` holds the columns as they are now: a rule that looks at them can refuse, or compute what is set.
@handler
def propose(call: Call, row: Columns) -> Change:
    return (
        Change()
{{#columns}}
        .set("{{column}}", call.arguments.{{kind}}("{{argument}}"))
{{/columns}}
        .summary("{{summary}}")
    )
