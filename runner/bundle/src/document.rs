//! From a file's bytes to a checked document, with every problem the JSON Schema finds, in our own words.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde::de::DeserializeOwned;

use crate::case::Case;
use crate::code::ProblemCode;
use crate::manifest::{Manifest, WORLD};
use crate::once::EachKeyOnce;
use crate::place;
use crate::problem::{Problem, nearest};
use crate::schema::{case_schema, manifest_schema};

/// The manifest, or everything wrong with it.
pub(crate) fn manifest(file: &str, bytes: &[u8]) -> Result<Manifest, Vec<Problem>> {
    static FORMAT: LazyLock<Format> =
        LazyLock::new(|| Format::new(manifest_schema(), ProblemCode::ManifestInvalid));
    let manifest: Manifest = FORMAT.read(file, bytes)?;
    if manifest.world != WORLD {
        let message = format!("expected `{WORLD}`, found `{}`", manifest.world);
        return Err(vec![Problem::new(ProblemCode::WorldUnknown, format!("{file} $.world"), message)]);
    }
    Ok(manifest)
}

/// The case, or everything wrong with it.
pub(crate) fn case(name: &str, bytes: &[u8]) -> Result<Case, Vec<Problem>> {
    static FORMAT: LazyLock<Format> = LazyLock::new(|| Format::new(case_schema(), ProblemCode::CaseInvalid));
    let case: Case = FORMAT.read(&format!("cases/{name}.json"), bytes)?;
    Ok(Case { name: name.to_owned(), ..case })
}

/// A kind of file, with the schema it is held to.
struct Format {
    schema: serde_json::Value,
    /// None where the schema itself is none, which a test would find.
    validator: Option<Validator>,
    invalid: ProblemCode,
}

impl Format {
    fn new(schema: serde_json::Value, invalid: ProblemCode) -> Self {
        Self { validator: jsonschema::validator_for(&schema).ok(), schema, invalid }
    }

    fn read<T: DeserializeOwned>(&self, file: &str, bytes: &[u8]) -> Result<T, Vec<Problem>> {
        let wrong = |code, error: serde_json::Error| vec![Problem::new(code, file, error.to_string())];
        let tree: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| wrong(ProblemCode::InvalidJson, error))?;
        let _: EachKeyOnce =
            serde_json::from_slice(bytes).map_err(|error| wrong(ProblemCode::DuplicateKey, error))?;
        let errors = self.validator.iter().flat_map(|validator| validator.iter_errors(&tree));
        let problems: Vec<Problem> = errors.flat_map(|error| self.in_our_words(file, &error)).collect();
        if problems.is_empty() {
            serde_json::from_value(tree).map_err(|error| wrong(self.invalid, error))
        } else {
            Err(problems)
        }
    }

    /// One problem for each key or value the error is about.
    fn in_our_words(&self, file: &str, error: &ValidationError<'_>) -> Vec<Problem> {
        let place = place::in_file(file, error.instance_path());
        let message = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                return unexpected.iter().map(|key| self.unknown(&place, key)).collect();
            }
            ValidationErrorKind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                let message = format!("`{key}` is missing");
                return vec![Problem::new(ProblemCode::KeyMissing, place::under(&place, key), message)];
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                return match meant(error, context) {
                    Some(errors) => errors.iter().flat_map(|error| self.in_our_words(file, error)).collect(),
                    None => vec![self.none_fits(file, error, context)],
                };
            }
            other => value_message(other, error),
        };
        vec![Problem::new(self.invalid, place, message)]
    }

    fn unknown(&self, place: &str, key: &str) -> Problem {
        let message = format!("`{key}` is not a key here");
        let problem = Problem::new(ProblemCode::UnknownKey, place::under(place, key), message);
        let known = self.known_keys();
        if known.contains(&key) { problem } else { problem.maybe_hint(nearest(key, known)) }
    }

    /// None of the alternatives was meant: what they ask for, at the place where they first tell themselves apart.
    fn none_fits(
        &self,
        file: &str,
        error: &ValidationError<'_>,
        alternatives: &[Vec<ValidationError<'static>>],
    ) -> Problem {
        let asked: Vec<String> = alternatives.iter().flatten().filter_map(alternative).collect();
        let deepest = |inner: &&ValidationError<'static>| inner.instance_path().as_str().len();
        let apart =
            alternatives.iter().flatten().filter(|inner| alternative(inner).is_some()).max_by_key(deepest);
        let (place, found) = match apart {
            Some(inner) => (inner.instance_path(), inner.instance()),
            None => (error.instance_path(), error.instance()),
        };
        let message = format!("expected {}, found {found}", asked.join(" or "));
        Problem::new(self.invalid, place::in_file(file, place), message)
    }

    /// Every key the schema names, wherever: a misplaced key is as likely as a misspelt one.
    fn known_keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        collect_keys(&self.schema, &mut keys);
        keys
    }
}

fn collect_keys<'a>(schema: &'a serde_json::Value, keys: &mut Vec<&'a str>) {
    match schema {
        serde_json::Value::Object(fields) => {
            let properties = fields.get("properties").and_then(serde_json::Value::as_object);
            keys.extend(properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str)));
            fields.values().for_each(|field| collect_keys(field, keys));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        _ => {}
    }
}

/// Of several alternatives, the one that was meant: it has the right type and the right words, and goes wrong further in.
fn meant<'a>(
    error: &ValidationError<'_>,
    alternatives: &'a [Vec<ValidationError<'static>>],
) -> Option<&'a Vec<ValidationError<'static>>> {
    let is_another = |inner: &ValidationError<'static>| match inner.kind() {
        ValidationErrorKind::Constant { .. } => true,
        ValidationErrorKind::Type { .. } => inner.instance_path() == error.instance_path(),
        _ => false,
    };
    alternatives.iter().find(|errors| !errors.iter().any(is_another))
}

/// The word or type one alternative asks for.
fn alternative(error: &ValidationError<'_>) -> Option<String> {
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => Some(expected_value.to_string()),
        ValidationErrorKind::Type { kind } => Some(types(kind)),
        _ => None,
    }
}

fn value_message(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    match kind {
        ValidationErrorKind::Type { kind } => {
            format!("expected {}, found {}", types(kind), type_of(error.instance()))
        }
        ValidationErrorKind::Constant { expected_value } => format!("expected {expected_value}"),
        ValidationErrorKind::Pattern { pattern } => format!("expected text of the form `{pattern}`"),
        ValidationErrorKind::PropertyNames { error } => match error.kind() {
            ValidationErrorKind::Pattern { pattern } => format!("expected keys of the form `{pattern}`"),
            _ => error.to_string(),
        },
        ValidationErrorKind::UniqueItems => "expected each item once".to_owned(),
        ValidationErrorKind::MinItems { limit } => format!("expected at least {limit} items"),
        ValidationErrorKind::MinProperties { limit } => format!("expected at least {limit} keys"),
        ValidationErrorKind::MaxProperties { limit } => format!("expected at most {limit} keys"),
        ValidationErrorKind::MinLength { limit } => format!("expected at least {limit} characters"),
        ValidationErrorKind::MaxLength { limit } => format!("expected at most {limit} characters"),
        ValidationErrorKind::Minimum { limit } => format!("expected at least {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("expected at most {limit}"),
        _ => error.to_string(),
    }
}

/// The types, without the null that stands for an absent key.
fn types(kind: &TypeKind) -> String {
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
