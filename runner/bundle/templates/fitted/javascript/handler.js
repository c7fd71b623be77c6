// {{description}}

import { Change, handler } from "synapsor-handler";

// A second parameter holds the row as it is now: a rule that looks at it can refuse, or compute what is set.
export const propose = handler((call) =>
  new Change()
{{#columns}}
    .set("{{column}}", call.arguments.{{kind}}("{{argument}}"))
{{/columns}}
    .summary("{{summary}}"),
);
