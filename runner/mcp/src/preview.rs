//! The tool list as a client would get it, without a client.

use serde_json::Value as Json;
use synapsor_invocation::{ResultFormat, ToolDescription};

use crate::error::Error;
use crate::names::ToolNames;
use crate::tools::Tools;

/// The entries of `tools/list`, in order.
///
/// # Errors
/// When two capabilities would share a name on the wire, or one has no object for an input schema.
pub fn preview(
    tools: &[ToolDescription],
    format: ResultFormat,
    names: ToolNames,
) -> Result<Vec<Json>, Error> {
    let tools = Tools::new(tools, names, format)?;
    tools.list().iter().map(|tool| serde_json::to_value(tool).map_err(Error::Print)).collect()
}
