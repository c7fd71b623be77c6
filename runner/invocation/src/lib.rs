//! One tool call: context, arguments, read, logic, proposal
