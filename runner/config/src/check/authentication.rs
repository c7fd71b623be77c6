//! Whose signed tokens count: issuer, audience, keys, algorithms, scopes.

use std::collections::BTreeSet;

use super::rule::{one_of, optional_object, optional_positive, optional_text, required_text};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;
use crate::raw::LEEWAY_SECONDS_MAX;

const ALGORITHMS: &[&str] = &["RS256", "ES256", "EdDSA"];

pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    let code = ProblemCode::AuthenticationNotObject;
    let Some(authentication) = optional_object(root, "authentication", code, problems) else { return };
    required_text(&authentication, "issuer", Form::WebUrl, ProblemCode::InvalidIssuer, problems);
    required_text(&authentication, "resource_url", Form::WebUrl, ProblemCode::InvalidResourceUrl, problems);
    optional_text(&authentication, "audience", Form::Prose, ProblemCode::InvalidAudience, problems);
    keys(&authentication, problems);
    algorithms(&authentication, problems);
    let code = ProblemCode::InvalidLeeway;
    optional_positive(&authentication, "leeway_seconds", LEEWAY_SECONDS_MAX, code, problems);
    for key in ["read_scope", "propose_scope"] {
        optional_text(&authentication, key, Form::Scope, ProblemCode::InvalidScope, problems);
    }
}

fn keys(authentication: &Place<'_>, problems: &mut Problems) {
    optional_text(authentication, "jwks_url", Form::WebUrl, ProblemCode::InvalidJwksUrl, problems);
    optional_text(authentication, "jwks_path", Form::FilePath, ProblemCode::InvalidJwksPath, problems);
    let has = |key: &str| authentication.get(key).is_some();
    if has("jwks_url") == has("jwks_path") {
        let found = if has("jwks_url") { "both" } else { "neither" };
        let message = format!("expected either `jwks_url` or `jwks_path`, found {found}");
        problems.add(authentication.path_to("jwks_url"), ProblemCode::JwksRequired, message);
    }
}

fn algorithms(authentication: &Place<'_>, problems: &mut Problems) {
    let Some(list) = authentication.get("algorithms") else { return };
    if !list.is_list() || !list.is_filled() {
        problems.unexpected(&list, ProblemCode::InvalidTokenAlgorithms, "a list with at least one entry");
    }
    let mut seen = BTreeSet::new();
    for item in list.items() {
        match item.text().filter(|name| ALGORITHMS.contains(name)) {
            None => {
                problems.unexpected(&item, ProblemCode::InvalidTokenAlgorithms, &one_of(ALGORITHMS));
            }
            Some(name) if !seen.insert(name) => {
                let message = format!("expected each once, found `{name}` again");
                problems.add(item.path(), ProblemCode::InvalidTokenAlgorithms, message);
            }
            Some(_) => {}
        }
    }
}
