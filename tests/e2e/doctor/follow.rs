//! Does word for word what a finding says, with what it says alone. Whatever else a person would have to know, such as a
//! password, is handed in; a fix in words that are not known here ends the test.

use serde_json::{Value as Json, json};

use super::Finding;
use crate::world::World;

/// Values that only a person knows, by variable.
pub(super) type Known<'k> = &'k [(&'k str, &'k str)];

pub(super) async fn follow(world: &mut World, finding: &Finding, known: Known<'_>) {
    let fix = finding.fix.as_str();
    let exact: Vec<&str> = fix.split('`').skip(1).step_by(2).collect();
    let word = |at: usize| *exact.get(at).unwrap_or_else(|| panic!("nothing exact in {finding:?}"));
    let value = |name: &str| {
        let found = known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        found.unwrap_or_else(|| panic!("nobody knows `{name}`: {finding:?}"))
    };
    if fix.starts_with("give `") {
        let name = word(0);
        if let Some((_, sql)) = fix.split_once(": ").filter(|_| fix.ends_with(';')) {
            world.database.execute(sql).await;
        }
        world.set(name, &value(name));
    } else if fix.ends_with(';') {
        world.database.execute(fix).await;
    } else if fix.starts_with("set `primary_key` of `target` to `") {
        let mut config = written(world);
        for capability in config["capabilities"].as_array_mut().expect("capabilities") {
            let target = &mut capability["target"];
            if finding.about.ends_with(target["table"].as_str().expect("a table")) {
                target["primary_key"] = json!(word(2));
            }
        }
        world.write_config(&config);
    } else if fix.starts_with("set `") {
        world.set(word(0), &value(word(0)));
    } else if fix.starts_with("add `") {
        let url = world.variable(word(1)).expect("a URL").to_owned();
        let joined = if url.contains('?') { "&" } else { "?" };
        world.set(word(1), &format!("{url}{joined}{}", word(0)));
    } else if let Some((entries, capability)) = acknowledgement(fix) {
        let mut config = written(world);
        let list = &mut World::capability(&mut config, &capability)["target_acknowledgements"];
        let mut all = list.as_array().cloned().unwrap_or_default();
        all.extend(entries);
        *list = json!(all);
        world.write_config(&config);
    } else if fix.starts_with("take `") && fix.contains("` out of `") {
        let mut config = written(world);
        let list = World::capability(&mut config, &finding.about)[word(1)].as_array_mut().expect("a list");
        list.retain(|column| column != word(0));
        world.write_config(&config);
    } else if fix.starts_with("did you mean `") {
        let text = std::fs::read_to_string(world.config_path()).expect("a config");
        let misspelt = finding.about.rsplit('.').next().expect("a key");
        std::fs::write(world.config_path(), text.replace(misspelt, word(0))).expect("written");
    } else {
        commands(world, finding, &exact).await;
    }
}

/// Runs every command the fix names; what prints SQL has it run.
async fn commands(world: &World, finding: &Finding, exact: &[&str]) {
    let commands: Vec<&str> = exact.iter().filter_map(|word| word.strip_prefix("synapsor ")).collect();
    assert!(!commands.is_empty(), "nobody knows how to follow {finding:?}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        if words.first() == Some(&"writeback") {
            for sql in crate::writeback::statements(world, &words) {
                world.database.execute(&sql).await;
            }
        } else {
            // Whoever follows is asked, and says yes.
            let asked = if words.contains(&"--fix") { vec!["--yes"] } else { Vec::new() };
            let answered = world.run(&[words, asked].concat());
            assert_eq!(answered.exit, 0, "{command}: {answered:?}");
        }
    }
}

/// The entries a fix wants in the list of a capability.
fn acknowledgement(fix: &str) -> Option<(Vec<Json>, String)> {
    let (_, rest) = fix.split_once("to accept it, add ")?;
    let (entries, rest) = rest.split_once(" to `target_acknowledgements` of capability `")?;
    let (capability, _) = rest.split_once('`')?;
    let entries = serde_json::from_str(&format!("[{entries}]")).expect("entries of a list");
    Some((entries, capability.to_owned()))
}

/// The config as it stands in the file.
pub(super) fn written(world: &World) -> Json {
    let text = std::fs::read_to_string(world.config_path()).expect("a config");
    serde_json::from_str(&text).expect("JSON")
}
