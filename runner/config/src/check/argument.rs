//! The arguments of a capability: what a model gives, and what it may never give.

use synapsor_protocol::{Value, is_reserved};

use super::rule::{
    optional_boolean, optional_positive, optional_text, required_items, required_members, required_text,
    required_word, suggestion,
};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

const TYPES: &[&str] = &["string", "number", "boolean"];

/// The arguments of one capability, as far as they can be told.
pub(super) struct Arguments<'a>(Option<Place<'a>>);

impl<'a> Arguments<'a> {
    /// Whether there is an argument of that name, where the arguments are known at all.
    pub(super) fn has(&self, name: &str) -> Option<bool> {
        self.0.as_ref().map(|args| args.get(name).is_some())
    }

    /// What to do about a name that is none of them.
    pub(super) fn suggestion(&self, name: &str) -> Option<String> {
        suggestion(name, self.0.iter().flat_map(Place::members).map(|(known, _)| known))
    }

    /// The declared type of an argument.
    pub(super) fn kind(&self, name: &str) -> Option<&'a str> {
        self.0.as_ref()?.get(name)?.get("type")?.text()
    }

    /// Whether the argument is one that may be left out.
    pub(super) fn is_optional(&self, name: &str) -> bool {
        let required = self.0.as_ref().and_then(|args| args.get(name)?.get("required")?.boolean());
        required == Some(false)
    }
}

/// Looks at `args`.
pub(super) fn check<'a>(capability: &Place<'a>, problems: &mut Problems) -> Arguments<'a> {
    let args = required_members(capability, "args", ProblemCode::ArgsRequired, problems);
    for (name, arg) in args.iter().flat_map(Place::members) {
        argument_name(name, &arg, problems);
        if arg.is_object() {
            argument(&arg, problems);
        } else {
            problems.unexpected(&arg, ProblemCode::ArgNotObject, "an object");
        }
    }
    Arguments(args)
}

/// Looks at `lookup`.
pub(super) fn lookup(capability: &Place<'_>, arguments: &Arguments<'_>, problems: &mut Problems) {
    let Some(lookup) = capability.get("lookup") else {
        problems.missing(capability, "lookup", ProblemCode::LookupRequired, "an object with `id_from_arg`");
        return;
    };
    if !lookup.is_object() {
        problems.unexpected(&lookup, ProblemCode::LookupRequired, "an object with `id_from_arg`");
        return;
    }
    let code = ProblemCode::LookupArgRequired;
    let Some(name) = required_text(&lookup, "id_from_arg", Form::Prose, code, problems) else { return };
    let path = lookup.path_to("id_from_arg");
    if arguments.has(name) == Some(false) {
        let message = format!("expected one of `args`, found `{}`", name.escape_debug());
        problems.add(path, ProblemCode::UnknownLookupArg, message).maybe(arguments.suggestion(name));
    } else if arguments.is_optional(name) {
        let message = format!("expected an argument that must be given, found the optional `{name}`");
        let path = capability.get("args").and_then(|args| args.get(name)).map(|arg| arg.path_to("required"));
        problems.add(path.unwrap_or_default(), ProblemCode::LookupArgOptional, message);
    }
}

fn argument_name(name: &str, arg: &Place<'_>, problems: &mut Problems) {
    if is_reserved(name) {
        let message = format!("expected nothing the runner itself sets, found `{}`", name.escape_debug());
        problems.add(arg.path(), ProblemCode::ModelControlledReservedArg, message);
    } else if !Form::Identifier.accepts(name) {
        let message = format!("the name of an argument is {}", Form::Identifier.expected());
        problems.add(arg.path(), ProblemCode::InvalidArgName, message);
    }
}

fn argument(arg: &Place<'_>, problems: &mut Problems) {
    let kind = required_word(arg, "type", TYPES, ProblemCode::InvalidArgType, problems);
    optional_boolean(arg, "required", ProblemCode::InvalidArgRequired, problems);
    optional_text(arg, "description", Form::Prose, ProblemCode::InvalidArgDescription, problems);
    let max_length =
        optional_positive(arg, "max_length", u64::from(u32::MAX), ProblemCode::InvalidMaxLength, problems);
    if kind.is_some_and(|kind| kind != "string") && arg.get("max_length").is_some() {
        let message = "`max_length` means nothing for an argument that is not text";
        problems.add(arg.path_to("max_length"), ProblemCode::MaxLengthIgnored, message);
    }
    let range = Range::check(arg, problems);
    if kind.is_some_and(|kind| kind != "number") {
        for key in ["minimum", "maximum"].into_iter().filter(|key| arg.get(key).is_some()) {
            let message =
                format!("expected `{key}` on a number only, found it on a `{}`", kind.unwrap_or_default());
            problems.add(arg.path_to(key), ProblemCode::NumericBoundsRequireNumber, message);
        }
    }
    allowed_values(arg, &Limits { kind, max_length, range }, problems);
}

/// `minimum` and `maximum`, as far as they are numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range<'a> {
    minimum: Option<&'a Value>,
    maximum: Option<&'a Value>,
}

impl<'a> Range<'a> {
    /// Looks at `minimum` and `maximum`.
    pub(super) fn check(owner: &Place<'a>, problems: &mut Problems) -> Self {
        let mut bound = |key: &str, code: ProblemCode| {
            let place = owner.get(key)?;
            if place.number().is_none() {
                problems.unexpected(&place, code, "a number");
            }
            place.number()
        };
        let minimum = bound("minimum", ProblemCode::InvalidMinimum);
        let maximum = bound("maximum", ProblemCode::InvalidMaximum);
        if let (Some(low), Some(high)) = (minimum, maximum)
            && low.as_number() > high.as_number()
        {
            let message = format!("expected `minimum` at most `maximum`, found `{low}` and `{high}`");
            problems.add(owner.path_to("minimum"), ProblemCode::InvalidNumericRange, message);
        }
        Self { minimum, maximum }
    }

    /// Whether a number lies within; anything that is no number does not.
    pub(super) fn holds(&self, value: &Value) -> bool {
        let Some(number) = value.as_number() else { return false };
        let above = self.minimum.and_then(Value::as_number).is_none_or(|low| low <= number);
        let below = self.maximum.and_then(Value::as_number).is_none_or(|high| number <= high);
        above && below
    }
}

struct Limits<'a> {
    kind: Option<&'a str>,
    max_length: Option<u64>,
    range: Range<'a>,
}

fn allowed_values(arg: &Place<'_>, limits: &Limits<'_>, problems: &mut Problems) {
    if arg.get("enum").is_none() {
        return;
    }
    let Some(values) = required_items(arg, "enum", ProblemCode::InvalidEnum, problems) else { return };
    let mut seen = std::collections::HashSet::new();
    for item in values.items() {
        let Some(value) = item.scalar() else {
            problems.unexpected(&item, ProblemCode::InvalidEnum, "a scalar");
            continue;
        };
        if !seen.insert(value) {
            let message = format!("expected each value once, found {} again", item.shown());
            problems.add(item.path(), ProblemCode::InvalidEnum, message);
        }
        let Some(kind) = limits.kind else { continue };
        let (has_type, is_within) = match value {
            Value::Text(text) => (kind == "string", limits.allow_length(text)),
            Value::Boolean(_) => (kind == "boolean", true),
            Value::Integer(_) | Value::Decimal(_) => (kind == "number", limits.range.holds(value)),
            _ => (false, true),
        };
        if !has_type {
            problems.unexpected(&item, ProblemCode::EnumValueTypeMismatch, &format!("a `{kind}`"));
        } else if !is_within {
            let message =
                format!("expected a value within the argument's own limits, found {}", item.shown());
            problems.add(item.path(), ProblemCode::EnumValueOutOfRange, message);
        }
    }
}

impl Limits<'_> {
    fn allow_length(&self, text: &str) -> bool {
        let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        self.max_length.is_none_or(|max| length <= max)
    }
}
