//! One context: where tenant and principal come from.

use super::rule::{optional_object, optional_text, required_word};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

const PROVIDERS: &[&str] = &["environment", "static_dev", "http_claims", "cloud_session"];

/// Every key of `values`, its form, and the providers that read it.
const VALUES: &[(&str, Form, &[&str])] = &[
    ("tenant_id_env", Form::EnvName, &["environment", "static_dev"]),
    ("principal_env", Form::EnvName, &["environment", "static_dev"]),
    ("tenant_id", Form::Prose, &["static_dev"]),
    ("principal", Form::Prose, &["static_dev"]),
    ("tenant_id_key", Form::Prose, &["http_claims"]),
    ("principal_key", Form::Prose, &["http_claims"]),
];

pub(super) fn check(root: &Place<'_>, context: &Place<'_>, problems: &mut Problems) {
    if !context.is_object() {
        problems.unexpected(context, ProblemCode::TrustedContextNotObject, "an object");
        return;
    }
    let code = ProblemCode::InvalidContextProvider;
    let provider = required_word(context, "provider", PROVIDERS, code, problems);
    let values = optional_object(context, "values", ProblemCode::ContextValuesNotObject, problems);
    if let Some(values) = &values {
        each_value(values, provider, problems);
    }
    if provider == Some("static_dev") {
        problems
            .add(context.path(), ProblemCode::StaticDevContext, "tenant and principal are literals")
            .hint("use `environment` wherever data is real");
        literals(context, values.as_ref(), problems);
    }
    if provider == Some("http_claims") && root.get("authentication").is_none() {
        let message = "claims are read from signed tokens, and there is no `authentication` that says whose";
        problems
            .add(context.path(), ProblemCode::ClaimsNotVerified, message)
            .hint("add `authentication`, or use `environment`");
    }
}

fn each_value(values: &Place<'_>, provider: Option<&str>, problems: &mut Problems) {
    for (key, form, providers) in VALUES {
        optional_text(values, key, *form, ProblemCode::InvalidContextValue, problems);
        if let (Some(place), Some(provider)) = (values.get(key), provider)
            && !providers.contains(&provider)
        {
            let message = format!("`{key}` means nothing to the provider `{provider}`");
            problems.add(place.path(), ProblemCode::ContextValueIgnored, message);
        }
    }
    let text = |key: &str| values.get(key).and_then(|place| place.text());
    if let (Some(tenant), Some(principal)) = (text("tenant_id_env"), text("principal_env"))
        && tenant == principal
    {
        let message = "tenant and principal come from the same variable";
        problems.add(values.path_to("principal_env"), ProblemCode::SharedContextEnv, message);
    }
}

/// Without a literal or a variable every call would be refused, so it is said here.
fn literals(context: &Place<'_>, values: Option<&Place<'_>>, problems: &mut Problems) {
    let has = |key: &str| values.is_some_and(|values| values.get(key).is_some());
    for (literal, variable) in [("tenant_id", "tenant_id_env"), ("principal", "principal_env")] {
        if !has(literal) && !has(variable) {
            let path = match values {
                Some(values) => values.path_to(literal),
                None => context.path_to("values"),
            };
            let message = format!("expected `{literal}` or `{variable}`, found neither");
            problems.add(path, ProblemCode::ContextValueRequired, message);
        }
    }
}
