//! What may stand nowhere in a config: a database URL, and SQL.

use crate::code::ProblemCode;
use crate::place::Place;
use crate::problem::Problems;

const URL_KEYS: &[&str] = &[
    "url",
    "database_url",
    "databaseUrl",
    "read_url",
    "readUrl",
    "write_url",
    "writeUrl",
    "connection_string",
    "connectionString",
];

const SQL_KEYS: &[&str] = &["sql", "raw_sql", "rawSql", "statement", "query_sql", "querySql"];

/// URL schemes of databases: such a text carries a credential wherever it stands.
const DATABASE_SCHEMES: &[&str] = &["postgres://", "postgresql://", "mysql://", "mariadb://", "jdbc:"];

/// Looks at every key and every text, however deep.
pub(crate) fn check(place: &Place<'_>, problems: &mut Problems) {
    if place.text().is_some_and(looks_like_database_url) {
        url(place, "a database URL", problems);
    }
    for (key, member) in place.members() {
        if URL_KEYS.contains(&key) {
            url(&member, &format!("the key `{key}`"), problems);
        } else if SQL_KEYS.contains(&key) {
            problems
                .add(
                    member.path(),
                    ProblemCode::ArbitrarySqlForbidden,
                    format!("expected no SQL, found the key `{key}`"),
                )
                .hint("name the table in `target` and its columns in `visible_columns`");
        } else {
            check(&member, problems);
        }
    }
    for item in place.items() {
        check(&item, problems);
    }
}

fn url(place: &Place<'_>, found: &str, problems: &mut Problems) {
    let message = format!("expected names of environment variables only, found {found}");
    problems.add(place.path(), ProblemCode::InlineDatabaseUrlForbidden, message).hint(
        match place.path().starts_with("$.storage") {
            true => "put the URL into an environment variable and its name into `postgres_url_env`",
            false => {
                "put the URL into an environment variable and its name into `read_url_env` or `write_url_env`"
            }
        },
    );
}

/// Whether a key may stand nowhere.
pub(crate) fn is_forbidden_key(key: &str) -> bool {
    URL_KEYS.contains(&key) || SQL_KEYS.contains(&key)
}

/// Whether a text is a database URL.
pub(crate) fn looks_like_database_url(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    DATABASE_SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}
