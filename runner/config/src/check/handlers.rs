//! What holds for every handler: whose signature counts, where guests run, and whether native code is kept.

use std::collections::BTreeSet;

use super::rule::{optional_boolean, optional_object, optional_word, required_text};
use crate::code::ProblemCode;
use crate::form::Form;
use crate::place::Place;
use crate::problem::Problems;

pub(super) fn check(root: &Place<'_>, problems: &mut Problems) {
    let Some(handlers) = optional_object(root, "handlers", ProblemCode::HandlersNotObject, problems) else {
        return;
    };
    let isolations = ["process", "in_process"];
    optional_word(&handlers, "isolation", &isolations, ProblemCode::InvalidHandlerIsolation, problems);
    optional_boolean(&handlers, "cache", ProblemCode::InvalidHandlerCache, problems);
    trust(&handlers, problems);
}

fn trust(handlers: &Place<'_>, problems: &mut Problems) {
    let trust = handlers.get("trust");
    if let Some(trust) = &trust {
        keys(trust, problems);
    }
    let required =
        optional_boolean(handlers, "require_signature", ProblemCode::InvalidRequireSignature, problems);
    if required == Some(true) && !trust.is_some_and(|trust| trust.is_filled()) {
        let expected = "at least one key, since signatures are required";
        problems
            .missing(handlers, "trust", ProblemCode::TrustedKeysRequired, expected)
            .hint("`synapsor handler keygen` makes a key and prints its entry");
    }
}

fn keys(trust: &Place<'_>, problems: &mut Problems) {
    if !trust.is_list() {
        problems.unexpected(trust, ProblemCode::InvalidHandlerTrust, "a list of keys");
    }
    let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for entry in trust.items() {
        if !entry.is_object() {
            problems.unexpected(&entry, ProblemCode::InvalidHandlerTrust, "an object");
            continue;
        }
        for (key, form, code, seen) in [
            ("name", Form::Label, ProblemCode::InvalidTrustedName, &mut names),
            ("public_key", Form::PublicKey, ProblemCode::InvalidTrustedKey, &mut keys),
        ] {
            let text = required_text(&entry, key, form, code, problems);
            if let Some(text) = text.filter(|text| !seen.insert(*text)) {
                let message = format!("expected each once, found `{text}` again");
                problems.add(entry.path_to(key), code, message);
            }
        }
    }
}
