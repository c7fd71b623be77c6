//! `cases/*.json`: one call with everything the handler is given, and the answer it must give.
//!
//! Values are in the typed form (`{"integer": 5500}`), so that a case is as exact as a database row.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use synapsor_handler_host::{HandlerAnswer, HandlerCall};
use synapsor_protocol::{Columns, Moment, RecordedRead};

use crate::schema;

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "cases/*.json")]
pub struct Case {
    /// Where this schema is, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The file's name in `cases/`, without `.json`.
    #[serde(skip)]
    pub name: String,
    /// What the case shows, in a sentence.
    pub description: String,
    /// The call.
    pub call: Call,
    /// The scoped row.
    #[schemars(schema_with = "schema::columns")]
    pub row: Columns,
    /// The reads the handler asks for, with their answers. All of them must be asked for, and no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::recorded_reads")]
    pub reads: Vec<RecordedRead>,
    /// The answer. All of it: columns, summary, code and message.
    pub expect: Answer,
}

/// The call of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The capability's name.
    pub capability: String,
    /// Whose data.
    pub tenant: String,
    /// Who is asking.
    pub principal: String,
    /// When the call was received.
    #[schemars(with = "String")]
    pub now: Moment,
    /// The arguments.
    #[serde(default)]
    #[schemars(schema_with = "schema::columns")]
    pub arguments: Columns,
    /// The settings.
    #[serde(default)]
    #[schemars(schema_with = "schema::columns")]
    pub settings: Columns,
}

/// What a handler answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Columns to change.
    Change {
        /// New values by column.
        #[schemars(schema_with = "schema::columns")]
        columns: Columns,
        /// The one-line account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// A business "no".
    Refusal {
        /// The handler's own code.
        code: String,
        /// For the agent.
        message: String,
    },
}

impl From<HandlerAnswer> for Answer {
    fn from(answer: HandlerAnswer) -> Self {
        match answer {
            HandlerAnswer::Change { columns, summary } => Self::Change { columns, summary },
            HandlerAnswer::Refusal { code, message } => Self::Refusal { code, message },
        }
    }
}

impl Case {
    /// The case's file, relative to the bundle's folder.
    pub fn file(&self) -> String {
        format!("cases/{}.json", self.name)
    }

    /// The call as the host takes it.
    pub(crate) fn handler_call(&self) -> HandlerCall {
        HandlerCall {
            capability: self.call.capability.clone(),
            tenant: self.call.tenant.clone(),
            principal: self.call.principal.clone(),
            now: self.call.now,
            arguments: self.call.arguments.clone(),
            settings: self.call.settings.clone(),
            row: self.row.clone(),
        }
    }
}
