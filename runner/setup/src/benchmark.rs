//! What a model has to read before it can act: one task done with generic database tools, and with capabilities.
//!
//! Deterministic and offline. Invariant: it measures its own fixture, and says so.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The tokenizer's name; its count is part of the snapshots, so another count is another name.
pub const TOKENIZER: &str = "synapsor-fixture-tokenizer-v1";

const FIXTURE: &str = include_str!("../../../fixtures/benchmark/late-fee-waiver.json");

const NOTE: &str = "one fixture, not how models behave in general: no claim is made about other tools, other tasks or what a model \
                    bills. Tools are measured as a client hands them on to a model: name, description and input schema";

/// A run of the benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Benchmark {
    /// Always `mcp-efficiency`.
    pub benchmark: &'static str,
    /// The fixture's name.
    pub fixture: String,
    /// How tokens are counted.
    pub tokenizer: Tokenizer,
    /// What the numbers are worth.
    pub note: &'static str,
    /// Both ways.
    pub paths: Paths,
    /// The steps of each.
    pub scripted_plans: Plans,
}

/// How tokens are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tokenizer {
    /// [`TOKENIZER`].
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// What it counts.
    pub method: &'static str,
}

/// The two ways of the fixture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paths {
    /// Tools that take tables and SQL.
    pub generic_database_mcp_reference: Measured,
    /// Capabilities.
    pub synapsor_runner_semantic_path: Measured,
}

/// The steps of the two ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plans {
    /// Of the first.
    pub generic_database_mcp_reference: Vec<String>,
    /// Of the second.
    pub synapsor_runner_semantic_path: Vec<String>,
}

/// What one way costs, and what it lets happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Tools a model is shown.
    pub exposed_tools: usize,
    /// Their list, as bytes of JSON.
    pub serialized_tools_list_bytes: usize,
    /// The same in tokens.
    pub serialized_tools_list_tokens: usize,
    /// What has to be known of the schema besides.
    pub schema_context_bytes: usize,
    /// The same in tokens.
    pub schema_context_tokens: usize,
    /// What comes back that is about the business.
    pub business_result_bytes: usize,
    /// The same in tokens.
    pub business_result_tokens: usize,
    /// Calls of the script.
    pub scripted_tool_calls: usize,
    /// Whether a model can send SQL.
    pub exposes_raw_sql: bool,
    /// Whether the model's side holds a credential that writes.
    pub exposes_write_credentials: bool,
    /// Whether a person decides, outside the protocol.
    pub approval_separated: bool,
    /// Whether a row that changed meanwhile is noticed.
    pub stale_row_conflict_checked: bool,
}

/// A list of tools, measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ToolsMeasured {
    /// How many.
    pub exposed_tools: usize,
    /// The whole list, as it goes over the wire.
    pub listed: Size,
    /// What a client hands on to a model.
    pub to_model: Size,
}

/// A text's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    /// In bytes.
    pub bytes: usize,
    /// In tokens of [`TOKENIZER`].
    pub tokens: usize,
}

impl Size {
    fn of(text: &str) -> Self {
        Self { bytes: text.len(), tokens: tokens(text) }
    }
}

#[derive(Deserialize)]
struct Fixture {
    name: String,
    generic: Path,
    semantic: Path,
}

#[derive(Deserialize)]
struct Path {
    tools: Vec<Json>,
    schema_context: Json,
    business_result: Json,
    plan: Vec<String>,
    exposes_raw_sql: bool,
    exposes_write_credentials: bool,
    approval_separated: bool,
    stale_row_conflict_checked: bool,
}

impl Path {
    fn measured(&self) -> Measured {
        let list = measure_tools(&self.tools).to_model;
        let (context, result) =
            (Size::of(&self.schema_context.to_string()), Size::of(&self.business_result.to_string()));
        Measured {
            exposed_tools: self.tools.len(),
            serialized_tools_list_bytes: list.bytes,
            serialized_tools_list_tokens: list.tokens,
            schema_context_bytes: context.bytes,
            schema_context_tokens: context.tokens,
            business_result_bytes: result.bytes,
            business_result_tokens: result.tokens,
            scripted_tool_calls: self.plan.len(),
            exposes_raw_sql: self.exposes_raw_sql,
            exposes_write_credentials: self.exposes_write_credentials,
            approval_separated: self.approval_separated,
            stale_row_conflict_checked: self.stale_row_conflict_checked,
        }
    }
}

/// Measures the fixture.
///
/// # Errors
/// When the fixture that is built in is not one; a test knows that it is.
pub fn mcp_efficiency() -> Result<Benchmark, serde_json::Error> {
    let fixture: Fixture = serde_json::from_str(FIXTURE)?;
    Ok(Benchmark {
        benchmark: "mcp-efficiency",
        fixture: fixture.name,
        tokenizer: Tokenizer {
            name: TOKENIZER,
            version: 1,
            method: "matches of [A-Za-z0-9_]+|[^\\sA-Za-z0-9_]; for comparing fixtures, not for bills",
        },
        note: NOTE,
        paths: Paths {
            generic_database_mcp_reference: fixture.generic.measured(),
            synapsor_runner_semantic_path: fixture.semantic.measured(),
        },
        scripted_plans: Plans {
            generic_database_mcp_reference: fixture.generic.plan,
            synapsor_runner_semantic_path: fixture.semantic.plan,
        },
    })
}

/// Measures the entries of a `tools/list`.
pub fn measure_tools(tools: &[Json]) -> ToolsMeasured {
    let told: Vec<Json> = tools.iter().map(to_model).collect();
    ToolsMeasured {
        exposed_tools: tools.len(),
        listed: Size::of(&Json::from(tools.to_vec()).to_string()),
        to_model: Size::of(&Json::from(told).to_string()),
    }
}

/// What a client hands on of a tool.
pub fn to_model(tool: &Json) -> Json {
    let part = |key: &str| Some((key.to_owned(), tool.get(key)?.clone()));
    Json::Object(["name", "description", "inputSchema"].into_iter().filter_map(part).collect())
}

/// Words, and signs one by one.
fn tokens(text: &str) -> usize {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut count = 0;
    let mut in_word = false;
    for c in text.chars() {
        let word = is_word(c);
        count += usize::from((word && !in_word) || (!word && !c.is_whitespace()));
        in_word = word;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_words_and_signs() {
        for (text, expected) in
            [("", 0), ("a_b1 c", 2), ("{\"id\": \"INV-3001\"}", 11), ("  \n\t", 0), ("é!", 2), ("a-b", 3)]
        {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn the_fixture_is_the_published_task() {
        let found = mcp_efficiency().expect("the fixture");
        let Paths { generic_database_mcp_reference: generic, synapsor_runner_semantic_path: semantic } =
            found.paths;
        assert_eq!((generic.exposed_tools, generic.scripted_tool_calls), (4, 5));
        assert_eq!((semantic.exposed_tools, semantic.scripted_tool_calls), (2, 2));
        let flags = |path: &Measured| {
            [
                path.exposes_raw_sql,
                path.exposes_write_credentials,
                path.approval_separated,
                path.stale_row_conflict_checked,
            ]
        };
        assert_eq!(
            (flags(&generic), flags(&semantic)),
            ([true, false, false, false], [false, false, true, true])
        );
    }
}
