//! What the words of a name and a description say a tool does.

use super::tool::Tool;

/// Names that mean any statement, without case and signs.
const SQL_NAMES: &[&str] = &[
    "sql",
    "rawsql",
    "executesql",
    "execsql",
    "runsql",
    "sqlexecute",
    "sqlrun",
    "query",
    "sqlquery",
    "querysql",
    "runquery",
    "executequery",
    "execquery",
    "rawquery",
    "runrawquery",
    "querydatabase",
    "databasequery",
    "querydb",
    "dbquery",
    "dbexecute",
    "executestatement",
    "runstatement",
    "executerawsql",
    "runrawsql",
    "executeraw",
    "readquery",
    "writequery",
];

/// Phrases of a description that mean the same.
const SQL_PHRASES: &[&str] = &[
    "any sql",
    "arbitrary sql",
    "raw sql",
    "custom sql",
    "sql statement",
    "sql query",
    "sql queries",
    "execute sql",
    "executes sql",
    "run sql",
    "runs sql",
    "arbitrary query",
    "arbitrary queries",
    "any query",
];

/// Phrases that take it back: a tool that says it runs none is no tool that runs any.
const NO_SQL_PHRASES: &[&str] = &["no sql", "no raw sql", "not sql", "never sql", "without sql"];

const READ_VERBS: &[&str] = &[
    "get",
    "list",
    "read",
    "show",
    "find",
    "search",
    "inspect",
    "describe",
    "view",
    "fetch",
    "lookup",
    "look",
    "check",
    "count",
    "query",
    "select",
    "explain",
    "preview",
    "summarize",
    "export",
    "download",
    "browse",
    "retrieve",
];

const WRITE_VERBS: &[&str] = &[
    "create",
    "insert",
    "add",
    "update",
    "upsert",
    "set",
    "modify",
    "edit",
    "change",
    "write",
    "patch",
    "put",
    "delete",
    "remove",
    "drop",
    "truncate",
    "purge",
    "destroy",
    "cancel",
    "refund",
    "charge",
    "pay",
    "transfer",
    "send",
    "post",
    "approve",
    "commit",
    "apply",
    "settle",
    "merge",
    "grant",
    "revoke",
    "reset",
    "close",
    "reopen",
    "assign",
    "void",
    "issue",
    "waive",
    "archive",
    "restore",
    "execute",
    "run",
    "import",
    "save",
    "store",
    "disable",
    "enable",
    "alter",
    "increment",
    "decrement",
    "manage",
    "resolve",
    "reject",
    "confirm",
    "publish",
    "sync",
];

/// Verbs of a description, as it tells what a tool does.
const WRITES_IN_WORDS: &[&str] = &[
    "creates",
    "create",
    "inserts",
    "insert",
    "updates",
    "update",
    "modifies",
    "modify",
    "deletes",
    "delete",
    "removes",
    "remove",
    "writes",
    "write",
    "overwrites",
    "changes",
    "drops",
];

const READS_IN_WORDS: &[&str] = &[
    "reads", "read", "lists", "list", "shows", "show", "returns", "fetches", "fetch", "searches", "search",
    "finds", "find", "gets", "get", "looks",
];

const PROPOSAL_WORDS: &[&str] =
    &["propose", "proposes", "proposal", "proposals", "proposed", "draft", "drafts", "suggest", "suggests"];

/// Wording of a description that puts a person between the call and the change.
const REVIEW_PHRASES: &[&str] = &[
    "for review",
    "review before",
    "reviewed before",
    "a person approves",
    "needs approval",
    "for approval",
];

const DECISION_VERBS: &[&str] = &["approve", "commit", "apply", "settle", "merge"];

/// What is decided on.
const DECIDED_ON: &[&str] =
    &["proposal", "proposals", "write", "writes", "change", "changes", "changeset", "writeback"];

/// What a tool does, as far as its words tell.
pub(super) struct Wording {
    pub(super) runs_sql: Option<String>,
    pub(super) decides: Option<String>,
    pub(super) writes: Option<String>,
    pub(super) mixes: Option<String>,
    pub(super) proposes: bool,
}

pub(super) fn of(tool: &Tool) -> Wording {
    let description = tool.description.to_lowercase();
    let said: Vec<&str> =
        description.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let named = |list: &[&str]| tool.words.iter().find(|word| list.contains(&word.as_str())).cloned();
    let spoken = |list: &[&'static str]| list.iter().find(|word| said.contains(word)).copied();
    // Before a verb there may be a namespace.
    let verb = tool.words.iter().find(|word| {
        let word = word.as_str();
        READ_VERBS.contains(&word) || WRITE_VERBS.contains(&word) || PROPOSAL_WORDS.contains(&word)
    });
    let is = |list: &[&str]| verb.is_some_and(|verb| list.contains(&verb.as_str()));
    let reads_by_name = is(READ_VERBS);
    let proposes = is(PROPOSAL_WORDS)
        || (!reads_by_name && (named(PROPOSAL_WORDS).is_some() || spoken(PROPOSAL_WORDS).is_some()))
        || REVIEW_PHRASES.iter().any(|phrase| description.contains(phrase));
    let decides = decides(tool, verb.map(String::as_str), proposes);
    let unnamed_write = || {
        let silent = verb.is_none() && tool.read_only != Some(true);
        spoken(WRITES_IN_WORDS).filter(|_| silent).map(|word| format!("its description says `{word}`"))
    };
    let writes = match verb {
        Some(verb) if is(WRITE_VERBS) => Some(format!("its name says `{verb}`")),
        _ => unnamed_write(),
    };
    Wording {
        runs_sql: runs_sql(tool, &description),
        mixes: mixes(tool, &named, &spoken, verb.is_some()).filter(|_| !proposes),
        decides,
        writes,
        proposes,
    }
}

fn runs_sql(tool: &Tool, description: &str) -> Option<String> {
    let bare = tool.words.concat();
    // After a namespace the rest of the name counts: `postgres.run_query`.
    let tail = |skipped: usize| tool.words.iter().skip(skipped).map(String::as_str).collect::<String>();
    let by_name =
        SQL_NAMES.contains(&bare.as_str()) || (tool.words.len() > 2 && SQL_NAMES.contains(&tail(1).as_str()));
    if by_name {
        return Some(format!("its name is `{}`", tool.name));
    }
    if NO_SQL_PHRASES.iter().any(|phrase| description.contains(phrase)) {
        return None;
    }
    let phrase = SQL_PHRASES.iter().find(|phrase| description.contains(*phrase));
    phrase.map(|phrase| format!("its description says `{phrase}`"))
}

fn decides(tool: &Tool, verb: Option<&str>, proposes: bool) -> Option<String> {
    let named = |list: &[&str]| tool.words.iter().find(|word| list.contains(&word.as_str()));
    let decision = named(DECISION_VERBS)?;
    let first = verb.is_some_and(|verb| verb == decision);
    let on_a_change = named(DECIDED_ON).is_some();
    // `get_commit_status` reads, `propose_merge` proposes; `approve_proposal` decides whatever else it says.
    let is_one = first && (on_a_change || !proposes);
    is_one.then(|| format!("its name says `{decision}`"))
}

fn mixes(
    tool: &Tool,
    named: &dyn Fn(&[&str]) -> Option<String>,
    spoken: &dyn Fn(&[&'static str]) -> Option<&'static str>,
    has_verb: bool,
) -> Option<String> {
    let (read, write) = (named(READ_VERBS), named(WRITE_VERBS));
    if let (Some(read), Some(write)) = (&read, &write) {
        let joined = tool.words.iter().any(|word| word == "or" || word == "and") || tool.words.len() == 2;
        if joined {
            return Some(format!("its name says `{read}` and `{write}`"));
        }
    }
    if has_verb && write.as_deref() != Some("manage") {
        return None;
    }
    let (reads, writes) = (spoken(READS_IN_WORDS)?, spoken(WRITES_IN_WORDS)?);
    Some(format!("its description says `{reads}` and `{writes}`"))
}
