//! One call of the capability, as the runner established it.

use crate::bindings::Invocation;
use crate::columns::{Columns, Place};
use crate::day::Day;

/// Who asks for what, when, with which arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The capability's name.
    pub capability: String,
    /// Whose data. Established by the runner, never taken from the arguments.
    pub tenant: String,
    /// Who is asking. Established likewise.
    pub principal: String,
    /// When the call was received: `YYYY-MM-DDThh:mm:ss.ffffffZ`. A rerun sees the same instant.
    pub now: String,
    /// The checked arguments.
    pub arguments: Columns,
    /// The capability's settings from the config.
    pub settings: Columns,
}

impl Call {
    /// The day of [`Call::now`], in UTC.
    pub fn today(&self) -> Day {
        Day::parse(&self.now).unwrap_or(Day::EPOCH)
    }
}

impl From<Invocation> for Call {
    fn from(invocation: Invocation) -> Self {
        Self {
            capability: invocation.capability,
            tenant: invocation.tenant,
            principal: invocation.principal,
            now: invocation.now,
            arguments: Columns::new(Place::Arguments, invocation.arguments),
            settings: Columns::new(Place::Settings, invocation.settings),
        }
    }
}
