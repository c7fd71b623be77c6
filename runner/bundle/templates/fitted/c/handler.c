/* {{description}} */
#include <synapsor/handler.h>

/* `row` holds the columns as they are now: a rule that looks at them can refuse, or compute what is set. */
bool propose(const syn_call *call, const syn_columns *row, syn_change *change) {
    (void)row;
{{#columns}}
    {{c_type}}new_{{argument}};
    if (!syn_get_{{kind}}(&call->arguments, "{{argument}}", &new_{{argument}})) return false;
    syn_set_{{kind}}(change, "{{column}}", new_{{argument}});
{{/columns}}
    syn_summary(change, "{{summary}}");
    return true;
}
