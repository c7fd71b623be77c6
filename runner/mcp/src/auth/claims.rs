//! What a signed token must say: who issued it, for whom, and that it is its time.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

/// What the claims are held against.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) leeway_seconds: i64,
    pub(super) now_seconds: i64,
}

/// Checks every claim that decides; the first that is wrong is named, what it holds is not.
pub(super) fn check(claims: &Map<String, Json>, expected: &Expected<'_>) -> Result<(), &'static str> {
    let Expected { issuer, audience, leeway_seconds, now_seconds } = *expected;
    if text(claims, "iss") != Some(issuer) {
        return Err("the token's `iss` is not the issuer this server trusts");
    }
    if !is_for(claims.get("aud"), audience) {
        return Err("the token's `aud` does not name this server");
    }
    let expires = seconds(claims, "exp")?.ok_or("the token has no `exp`")?;
    if expires.saturating_add(leeway_seconds) <= now_seconds {
        return Err("the token has expired");
    }
    for (name, early) in
        [("nbf", "the token is not valid yet"), ("iat", "the token was issued in the future")]
    {
        if seconds(claims, name)?.is_some_and(|from| from > now_seconds.saturating_add(leeway_seconds)) {
            return Err(early);
        }
    }
    match text(claims, "sub") {
        Some(subject) if !subject.is_empty() => Ok(()),
        _ => Err("the token has no `sub`"),
    }
}

/// The scopes a token carries: in `scope` (words with spaces between) or `scp` (the same, or a list).
pub(super) fn scopes(claims: &Map<String, Json>) -> BTreeSet<String> {
    let granted = ["scope", "scp"].into_iter().filter_map(|name| claims.get(name));
    granted
        .flat_map(|granted| match granted {
            Json::String(words) => words.split(' ').map(str::to_owned).collect(),
            Json::Array(list) => list.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        })
        .filter(|scope| !scope.is_empty())
        .collect()
}

fn text<'a>(claims: &'a Map<String, Json>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Json::as_str)
}

fn is_for(audience: Option<&Json>, expected: &str) -> bool {
    match audience {
        Some(Json::String(one)) => one == expected,
        Some(Json::Array(many)) => many.iter().any(|one| one.as_str() == Some(expected)),
        _ => false,
    }
}

/// A time in whole seconds, which every issuer sends although a fraction would be allowed.
fn seconds(claims: &Map<String, Json>, name: &str) -> Result<Option<i64>, &'static str> {
    match claims.get(name) {
        None => Ok(None),
        Some(time) => time.as_i64().map(Some).ok_or("a time in the token is not a whole number of seconds"),
    }
}
