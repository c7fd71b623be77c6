//! Arguments: JSON to exact typed values, or a refusal. What is not declared is refused by name, never dropped.

use bigdecimal::BigDecimal;
use serde_json::{Map, Value as Json};
use synapsor_config::{Argument, ArgumentType, Capability};
use synapsor_protocol::value::Columns;
use synapsor_protocol::{Code, Refusal, Value};

/// Most bytes of all arguments together, as compact JSON.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;

/// Digits a JSON float keeps for certain (IEEE 754 binary64); longer numbers must travel as strings to stay exact.
const FLOAT_DIGITS_MAX: usize = 15;

/// Digits of a number given as a string.
const NUMBER_TEXT_MAX: usize = 1_000;

/// Checked arguments: declared, typed and within their limits. An optional argument that was not given is absent.
#[derive(Debug, Clone)]
pub(crate) struct ValidArguments(Columns);

impl ValidArguments {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn as_columns(&self) -> &Columns {
        &self.0
    }
}

/// Checks a call's arguments against the capability.
pub(crate) fn check(capability: &Capability, given: &Map<String, Json>) -> Result<ValidArguments, Refusal> {
    let bytes = serde_json::to_vec(given).map_err(Refusal::bug)?.len();
    if bytes > ARGUMENTS_BYTES_MAX {
        return Err(Refusal::new(
            Code::InvalidInput,
            format!("the arguments take {bytes} bytes, at most {ARGUMENTS_BYTES_MAX} are accepted"),
        ));
    }
    refuse_undeclared(capability, given)?;
    let mut values = Columns::new();
    for argument in &capability.args {
        match given.get(&argument.name) {
            Some(json) if !json.is_null() => {
                values.insert(argument.name.clone(), check_one(argument, json)?);
            }
            _ if argument.required => return Err(missing(&argument.name)),
            _ => {}
        }
    }
    Ok(ValidArguments(values))
}

/// The key of the row the call is about.
pub(crate) fn key<'a>(capability: &Capability, arguments: &'a ValidArguments) -> Result<&'a Value, Refusal> {
    arguments.get(&capability.lookup_arg).ok_or_else(|| missing(&capability.lookup_arg))
}

fn missing(name: &str) -> Refusal {
    Refusal::new(Code::ArgumentRequired, format!("argument `{name}` is required"))
}

fn refuse_undeclared(capability: &Capability, given: &Map<String, Json>) -> Result<(), Refusal> {
    let declared = |name: &str| capability.args.iter().any(|argument| argument.name == name);
    let mut undeclared = given.keys().filter(|name| !declared(name)).peekable();
    let Some(first) = undeclared.peek().map(|name| printable(name)) else { return Ok(()) };
    // A trusted name anywhere outranks an ordinary typo: the record should say that it was tried.
    if let Some(trusted) = undeclared.find(|name| synapsor_protocol::is_reserved(name)) {
        return Err(Refusal::new(
            Code::ModelCannotOverrideBinding,
            format!("argument `{}` is set by the runner and cannot be given", printable(trusted)),
        )
        .hint(
            "leave it out; tenant, principal, tables, columns and versions come from the trusted context",
        ));
    }
    let known: Vec<&str> = capability.args.iter().map(|argument| argument.name.as_str()).collect();
    Err(Refusal::new(Code::ArgumentUnknown, format!("`{}` has no argument `{first}`", capability.name))
        .hint(format!("its arguments are: {}", known.join(", "))))
}

/// A name as it may be repeated to an outsider: short, and without characters that could steer a terminal.
fn printable(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn check_one(argument: &Argument, json: &Json) -> Result<Value, Refusal> {
    let value = match (argument.kind, json) {
        (ArgumentType::String, Json::String(text)) => text_value(argument, text)?,
        (ArgumentType::Boolean, Json::Bool(flag)) => Value::Boolean(*flag),
        (ArgumentType::Number, Json::Number(number)) => number_value(argument, number)?,
        (ArgumentType::Number, Json::String(text)) => {
            decimal_value(text).ok_or_else(|| wrong_type(argument, json))?
        }
        _ => return Err(wrong_type(argument, json)),
    };
    check_range(argument, &value)?;
    check_enum(argument, &value)?;
    Ok(value)
}

fn text_value(argument: &Argument, text: &str) -> Result<Value, Refusal> {
    if let Some(limit) = argument.max_length {
        let length = text.chars().count();
        if u64::try_from(length).unwrap_or(u64::MAX) > limit {
            return Err(Refusal::new(
                Code::ArgumentTooLong,
                format!("argument `{}` has {length} characters, at most {limit} are allowed", argument.name),
            ));
        }
    }
    if text.contains('\0') {
        return Err(Refusal::new(
            Code::InvalidInput,
            format!("argument `{}` holds a NUL character, which no source stores faithfully", argument.name),
        ));
    }
    Ok(Value::Text(text.to_owned()))
}

fn number_value(argument: &Argument, number: &serde_json::Number) -> Result<Value, Refusal> {
    if let Some(integer) = number.as_i64() {
        return Ok(Value::Integer(integer));
    }
    let text = number.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if number.is_f64() && digits > FLOAT_DIGITS_MAX {
        return Err(Refusal::new(
            Code::ArgumentTypeInvalid,
            format!("argument `{}` has more digits than a JSON number keeps", argument.name),
        )
        .hint("send the number as a string of decimal digits to keep it exact"));
    }
    decimal_value(&text).ok_or_else(|| wrong_type(argument, &Json::Number(number.clone())))
}

/// Plain decimal text (`-12.50`) as the narrowest exact value; anything else, exponents included, is not a number here.
fn decimal_value(text: &str) -> Option<Value> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.len() > NUMBER_TEXT_MAX || !plain(whole) || !plain(fraction) {
        return None;
    }
    match text.parse::<i64>() {
        Ok(integer) => Some(Value::Integer(integer)),
        Err(_) => Some(Value::Decimal(text.to_owned())),
    }
}

fn wrong_type(argument: &Argument, found: &Json) -> Refusal {
    let expected = match argument.kind {
        ArgumentType::String => "a string",
        ArgumentType::Number => "a number",
        ArgumentType::Boolean => "true or false",
    };
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number out of range",
        Json::String(_) if argument.kind == ArgumentType::Number => {
            "a string that is not plain decimal digits"
        }
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    };
    Refusal::new(
        Code::ArgumentTypeInvalid,
        format!("argument `{}` must be {expected}, found {found}", argument.name),
    )
}

fn check_range(argument: &Argument, value: &Value) -> Result<(), Refusal> {
    let Some(number) = value.as_number() else { return Ok(()) };
    let bound = |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<BigDecimal>().ok());
    if let Some(minimum) = bound(&argument.minimum).filter(|minimum| number < *minimum) {
        return Err(Refusal::new(
            Code::ArgumentBelowMinimum,
            format!("argument `{}` is below its minimum of {}", argument.name, minimum.to_plain_string()),
        ));
    }
    if let Some(maximum) = bound(&argument.maximum).filter(|maximum| number > *maximum) {
        return Err(Refusal::new(
            Code::ArgumentAboveMaximum,
            format!("argument `{}` is above its maximum of {}", argument.name, maximum.to_plain_string()),
        ));
    }
    Ok(())
}

fn check_enum(argument: &Argument, value: &Value) -> Result<(), Refusal> {
    let Some(allowed) = &argument.allowed else { return Ok(()) };
    // An allowed decimal stands as a string, so that it never was a float.
    let number = |option: &Json| match option {
        Json::Number(number) => number.to_string().parse::<BigDecimal>().ok(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    };
    let equal = |option: &Json| match (option, value) {
        (Json::String(option), Value::Text(text)) => option == text,
        (Json::Bool(option), Value::Boolean(flag)) => option == flag,
        (option, value) => value.as_number().is_some_and(|given| number(option).is_some_and(|o| o == given)),
    };
    if allowed.iter().any(equal) {
        return Ok(());
    }
    let options: Vec<String> = allowed.iter().map(Json::to_string).collect();
    Err(Refusal::new(
        Code::ArgumentNotAllowed,
        format!("argument `{}` is not one of its allowed values", argument.name),
    )
    .hint(format!("allowed: {}", options.join(", "))))
}
