//! The boundary: what a list of tools must not hold, whatever else it does.
//!
//! Invariant: judged by the list a model is given, not by the config it was made from.

use serde::Serialize;
use serde_json::Value as Json;

/// One thing that must hold of a list of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// There is something to ask for.
    ToolsPresent,
    /// Nothing runs a statement of the model's own making.
    NoSqlTool,
    /// Nothing approves or rejects.
    NoApprovalTool,
    /// Nothing commits, applies or writes back.
    NoCommitTool,
    /// No URL of a database stands in it.
    NoDatabaseUrl,
    /// Nothing in it reads like a credential.
    NoCredential,
}

/// How one of them came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoundaryCheck {
    /// Which.
    pub check: Boundary,
    /// Whether it holds.
    pub holds: bool,
    /// What was found where it does not: names of tools, or the word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

impl Boundary {
    /// Every one, in the order they are told.
    pub const ALL: [Self; 6] = [
        Self::ToolsPresent,
        Self::NoSqlTool,
        Self::NoApprovalTool,
        Self::NoCommitTool,
        Self::NoDatabaseUrl,
        Self::NoCredential,
    ];

    /// What holds, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::ToolsPresent => "there are tools",
            Self::NoSqlTool => "no tool runs SQL",
            Self::NoApprovalTool => "no tool approves or rejects",
            Self::NoCommitTool => "no tool commits or applies",
            Self::NoDatabaseUrl => "no URL of a database is shown",
            Self::NoCredential => "nothing shown reads like a credential",
        }
    }

    fn found(self, tools: &[Json]) -> Vec<String> {
        match self {
            Self::ToolsPresent if tools.is_empty() => vec!["no tool".to_owned()],
            Self::ToolsPresent => Vec::new(),
            Self::NoSqlTool => {
                named(tools, &["execute_sql", "run_query", "query_database", "run_sql", "raw_sql"])
            }
            Self::NoApprovalTool => named(tools, &["approve", "reject"]),
            Self::NoCommitTool => named(tools, &["commit", "apply", "writeback", "write_back"]),
            Self::NoDatabaseUrl => {
                mentioned(tools, &["postgres://", "postgresql://", "mysql://", "mariadb://", "sqlite://"])
            }
            Self::NoCredential => mentioned(tools, &["password", "secret", "bearer", "private key", "token"]),
        }
    }
}

/// Every check on a `tools/list` of these entries.
pub fn boundary(tools: &[Json]) -> Vec<BoundaryCheck> {
    let check = |check: Boundary| {
        let found = check.found(tools);
        BoundaryCheck { check, holds: found.is_empty(), found }
    };
    Boundary::ALL.map(check).into()
}

/// Tools with one of these in their name, as a word of it: a namespace and the way a name is spelt on the wire do not count.
fn named(tools: &[Json], forbidden: &[&str]) -> Vec<String> {
    let names = tools.iter().filter_map(|tool| tool.get("name")?.as_str());
    let is_forbidden = |name: &&str| {
        let framed = format!("_{}_", crate::spelling::folded(name));
        forbidden.iter().any(|word| framed.contains(&format!("_{word}_")))
    };
    names.filter(is_forbidden).map(str::to_owned).collect()
}

fn mentioned(tools: &[Json], forbidden: &[&str]) -> Vec<String> {
    let text = Json::from(tools.to_vec()).to_string().to_lowercase();
    forbidden.iter().filter(|word| text.contains(**word)).map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What does not hold of a list with this tool.
    fn broken(tool: Json) -> Vec<Boundary> {
        let checks = boundary(&[tool]);
        checks.into_iter().filter(|check| !check.holds).map(|check| check.check).collect()
    }

    #[test]
    fn a_list_of_capabilities_keeps_it_and_an_empty_one_does_not() {
        assert!(
            broken(json!({ "name": "billing__inspect_invoice", "description": "Shows one." })).is_empty()
        );
        assert_eq!(boundary(&[]).iter().filter(|check| !check.holds).count(), 1);
    }

    #[test]
    fn each_way_over_it_is_told() {
        for (name, expected) in [
            ("db.run_query", Boundary::NoSqlTool),
            ("executeSql", Boundary::NoSqlTool),
            ("billing__approve_invoice", Boundary::NoApprovalTool),
            ("commitWriteback", Boundary::NoCommitTool),
            ("apply", Boundary::NoCommitTool),
        ] {
            assert_eq!(broken(json!({ "name": name })), [expected], "{name}");
        }
        let told = |description: &str| broken(json!({ "name": "a.b", "description": description }));
        assert_eq!(told("Reads postgres://db/app."), [Boundary::NoDatabaseUrl]);
        assert_eq!(told("Send your Password."), [Boundary::NoCredential]);
        assert!(broken(json!({ "name": "support.inspect_disapproved_application" })).is_empty());
    }
}
