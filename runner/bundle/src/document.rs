//! From a file's bytes to a checked document, with every problem the JSON Schema finds, in our own words.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde::de::DeserializeOwned;

use crate::case::Case;
use crate::code::ProblemCode;
use crate::manifest::{Manifest, WORLD};
use crate::place;
use crate::problem::{Problem, nearest};
use crate::schema::manifest_schema;

/// The manifest, or everything wrong with it.
pub(crate) fn manifest(file: &str, bytes: &[u8]) -> Result<Manifest, Vec<Problem>> {
    let tree: serde_json::Value =
        parse(file, bytes, ProblemCode::InvalidJson).map_err(|problem| vec![problem])?;
    let schema = manifest_schema();
    let problems: Vec<Problem> = match jsonschema::validator_for(&schema) {
        Ok(validator) => schema_problems(file, &schema, &validator, &tree),
        Err(error) => vec![Problem::new(ProblemCode::ManifestInvalid, file, error.to_string())],
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    // From the text again, since a tree forgets that a key stood there twice.
    let manifest: Manifest =
        parse(file, bytes, ProblemCode::ManifestInvalid).map_err(|problem| vec![problem])?;
    if manifest.world != WORLD {
        let message = format!("expected `{WORLD}`, found `{}`", manifest.world);
        return Err(vec![Problem::new(ProblemCode::WorldUnknown, format!("{file} $.world"), message)]);
    }
    Ok(manifest)
}

/// The case, or why it is none.
pub(crate) fn case(name: &str, bytes: &[u8]) -> Result<Case, Problem> {
    let file = format!("cases/{name}.json");
    let case: Case = parse(&file, bytes, ProblemCode::CaseInvalid)?;
    Ok(Case { name: name.to_owned(), ..case })
}

fn parse<T: DeserializeOwned>(file: &str, bytes: &[u8], code: ProblemCode) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let code = if error.is_data() { code } else { ProblemCode::InvalidJson };
        Problem::new(code, file, error.to_string())
    })
}

fn schema_problems(
    file: &str,
    schema: &serde_json::Value,
    validator: &Validator,
    tree: &serde_json::Value,
) -> Vec<Problem> {
    validator.iter_errors(tree).flat_map(|error| in_our_words(file, schema, &error)).collect()
}

/// One problem for each key or value the error is about.
fn in_our_words(file: &str, schema: &serde_json::Value, error: &ValidationError<'_>) -> Vec<Problem> {
    let place = place::in_file(file, error.instance_path());
    let invalid = |message: String| vec![Problem::new(ProblemCode::ManifestInvalid, place.clone(), message)];
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let unknown = |key: &String| {
                let message = format!("`{key}` is not a key of the format");
                Problem::new(ProblemCode::UnknownKey, place::under(&place, key), message)
                    .maybe_hint(nearest(key, known_keys(schema)))
            };
            unexpected.iter().map(unknown).collect()
        }
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            let message = format!("`{key}` is missing");
            vec![Problem::new(ProblemCode::KeyMissing, place::under(&place, key), message)]
        }
        ValidationErrorKind::Type { kind } => {
            invalid(format!("expected {}, found {}", expected_types(kind), type_of(error.instance())))
        }
        ValidationErrorKind::OneOfNotValid { context } => {
            let words = context.iter().flatten().filter_map(expected_word).collect::<Vec<_>>();
            invalid(format!("expected {}, found {}", words.join(" or "), error.instance()))
        }
        ValidationErrorKind::Enum { options } => invalid(format!("expected one of {options}")),
        ValidationErrorKind::Constant { expected_value } => invalid(format!("expected {expected_value}")),
        ValidationErrorKind::Pattern { pattern } => invalid(format!("expected text of the form `{pattern}`")),
        ValidationErrorKind::PropertyNames { error } => match error.kind() {
            ValidationErrorKind::Pattern { pattern } => {
                invalid(format!("expected keys of the form `{pattern}`"))
            }
            _ => invalid(error.to_string()),
        },
        ValidationErrorKind::UniqueItems => invalid("expected each item once".to_owned()),
        ValidationErrorKind::MinItems { limit } => invalid(format!("expected at least {limit} items")),
        ValidationErrorKind::MinLength { limit } => invalid(format!("expected at least {limit} characters")),
        ValidationErrorKind::MaxLength { limit } => invalid(format!("expected at most {limit} characters")),
        ValidationErrorKind::Minimum { limit } => invalid(format!("expected at least {limit}")),
        ValidationErrorKind::Maximum { limit } => invalid(format!("expected at most {limit}")),
        _ => invalid(error.to_string()),
    }
}

/// Every key the schema names, wherever: a misplaced key is as likely as a misspelt one.
fn known_keys(schema: &serde_json::Value) -> Vec<&str> {
    let definitions = schema.get("$defs").and_then(serde_json::Value::as_object);
    let objects = std::iter::once(schema).chain(definitions.into_iter().flat_map(|defs| defs.values()));
    let properties = objects.filter_map(|object| object.get("properties")?.as_object());
    properties.flat_map(|properties| properties.keys().map(String::as_str)).collect()
}

/// The word one alternative of a choice asks for.
fn expected_word(error: &ValidationError<'_>) -> Option<String> {
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => Some(expected_value.to_string()),
        _ => None,
    }
}

/// The types, without the null that stands for an absent key.
fn expected_types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(many) => {
            let named = many.iter().map(|one| one.to_string()).filter(|name| name != "null");
            named.collect::<Vec<_>>().join(" or ")
        }
    }
}

fn type_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(number) if number.is_f64() => "number",
        serde_json::Value::Number(_) => "integer",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    }
}
