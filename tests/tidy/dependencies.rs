//! What is built on is what `.cargo/deny.toml` allows: licences, sources, and heavy crates once.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{MetadataCommand, Package};
use toml_edit::{DocumentMut, Item};

use crate::root;

/// The one registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn allowed() -> DocumentMut {
    let text = std::fs::read_to_string(root().join(".cargo/deny.toml")).expect("the rules");
    text.parse().expect("TOML")
}

fn words(list: &Item) -> BTreeSet<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
}

/// Every package of others in the graph.
fn others() -> Vec<Package> {
    let platform = ["--locked", "--filter-platform", "x86_64-unknown-linux-gnu"].map(str::to_owned).to_vec();
    let metadata = MetadataCommand::new().current_dir(root()).other_options(platform).exec();
    let packages = metadata.expect("cargo metadata").packages;
    packages.into_iter().filter(|package| package.source.is_some()).collect()
}

/// Whether an expression of licences can be met by those allowed; `/` is what older crates write for OR.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    expression.split(" AND ").all(|part| {
        let any = part.trim_matches(['(', ')']).replace('/', " OR ");
        any.split(" OR ").any(|licence| allowed.contains(licence.trim()))
    })
}

#[test]
fn every_dependency_comes_from_the_registry_under_a_licence_that_is_allowed() {
    let allowed = words(&allowed()["licenses"]["allow"]);
    let mut wrong = Vec::new();
    for package in others() {
        let licence = package.license.clone().unwrap_or_default();
        let source = package.source.as_ref().map(ToString::to_string).unwrap_or_default();
        if !is_met(&licence, &allowed) || source != REGISTRY {
            wrong.push(format!("{} {}: `{licence}`, {source}", package.name, package.version));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    for refused in ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(GPL-2.0-only OR AGPL-3.0-only) AND MIT"] {
        assert!(!is_met(refused, &allowed), "{refused}");
    }
}

#[test]
fn what_is_heavy_is_there_once_and_what_is_banned_is_not_there() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in others() {
        versions.entry(package.name.to_string()).or_default().insert(package.version.to_string());
    }
    for rule in allowed()["bans"]["deny"].as_array().expect("a list") {
        let rule = rule.as_inline_table().expect("a rule");
        let name = rule.get("crate").and_then(|name| name.as_str()).expect("a crate");
        let once = rule.get("deny-multiple-versions").and_then(|once| once.as_bool()) == Some(true);
        let found = versions.get(name).map_or(0, BTreeSet::len);
        assert_eq!(found, usize::from(once), "{name}: {:?}", versions.get(name));
    }
}
