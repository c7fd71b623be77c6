//! Sample arguments for a capability: something of the right form to try it with. Pure.
//!
//! Invariant: a sample is within what the capability declares, so that a refusal says something about the row or the rule.

use serde_json::{Map, Value as Json, json};
use synapsor_config::{Argument, ArgumentType, Capability};

/// Keys of the published examples, by a word of the argument's name.
const KEYS: &[(&str, &str)] =
    &[("invoice", "INV-3001"), ("customer", "cust_acme_1"), ("ticket", "T-1042"), ("order", "O-1001")];
/// The key of anything else.
const KEY: &str = "sample_1";
/// What a person would write.
const TEXT: &str = "sample: tried by an operator";
/// Words of names that stand for an amount, and the most a sample asks for.
const AMOUNTS: &[&str] = &["amount", "cents", "credit", "fee", "refund"];
const AMOUNT_MAX: i64 = 1_000;

/// One value for every argument that has to be given.
pub fn sample(capability: &Capability) -> Map<String, Json> {
    let required = capability.args.iter().filter(|argument| argument.required);
    required.map(|argument| (argument.name.clone(), value(argument, &capability.lookup_arg))).collect()
}

fn value(argument: &Argument, key: &str) -> Json {
    if let Some(first) = argument.allowed.as_ref().and_then(|allowed| allowed.first()) {
        return first.clone();
    }
    match argument.kind {
        ArgumentType::Boolean => json!(true),
        ArgumentType::Number => number(argument),
        ArgumentType::String if argument.name == key => json!(cut(key_of(&argument.name), argument)),
        ArgumentType::String => json!(cut(TEXT, argument)),
    }
}

/// An amount as large as is allowed, up to a limit; of other numbers the smallest. A decimal travels as text.
fn number(argument: &Argument) -> Json {
    let name = argument.name.to_lowercase();
    let is_amount = AMOUNTS.iter().any(|word| name.contains(word));
    let wanted = match (&argument.minimum, &argument.maximum) {
        (_, Some(maximum)) if is_amount => match maximum.parse::<i64>() {
            Ok(maximum) => return json!(maximum.min(AMOUNT_MAX)),
            Err(_) => Some(maximum),
        },
        (Some(minimum), _) => Some(minimum),
        (None, maximum) => maximum.as_ref(),
    };
    match wanted.map(|text| (text, text.parse::<i64>())) {
        None => json!(1),
        Some((_, Ok(whole))) => json!(whole),
        Some((text, Err(_))) => json!(text),
    }
}

fn key_of(name: &str) -> &'static str {
    let name = name.to_lowercase();
    KEYS.iter().find(|(word, _)| name.contains(word)).map_or(KEY, |(_, key)| key)
}

fn cut(text: &str, argument: &Argument) -> String {
    let most = argument.max_length.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(name: &str, kind: ArgumentType) -> Argument {
        Argument {
            name: name.to_owned(),
            kind,
            description: None,
            required: true,
            max_length: None,
            minimum: None,
            maximum: None,
            allowed: None,
        }
    }

    #[test]
    fn a_sample_keeps_to_what_is_declared() {
        let number = |name: &str, minimum: Option<&str>, maximum: Option<&str>| {
            let (minimum, maximum) = (minimum.map(str::to_owned), maximum.map(str::to_owned));
            value(&Argument { minimum, maximum, ..argument(name, ArgumentType::Number) }, "invoice_id")
        };
        assert_eq!(number("amount_cents", Some("1"), Some("5000")), json!(1_000));
        assert_eq!(number("amount_cents", None, Some("300")), json!(300));
        assert_eq!(number("amount", None, Some("9.50")), json!("9.50"));
        assert_eq!(number("days", Some("7"), None), json!(7));
        assert_eq!(number("days", None, Some("-2")), json!(-2));
        assert_eq!(number("days", None, None), json!(1));
        let short = Argument { max_length: Some(3), ..argument("reason", ArgumentType::String) };
        assert_eq!(value(&short, "invoice_id"), json!("sam"));
        assert_eq!(value(&argument("invoice_id", ArgumentType::String), "invoice_id"), json!("INV-3001"));
        assert_eq!(value(&argument("id", ArgumentType::String), "id"), json!("sample_1"));
        assert_eq!(value(&argument("urgent", ArgumentType::Boolean), "id"), json!(true));
        let chosen =
            Argument { allowed: Some(vec![json!("paid")]), ..argument("next", ArgumentType::String) };
        assert_eq!(value(&chosen, "id"), json!("paid"));
    }
}
