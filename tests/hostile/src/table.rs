//! Every abuse a handler was thought capable of, with the guests that try it, or the test that shows why none can.

use std::collections::BTreeMap;

use crate::hostile;

/// One abuse.
#[derive(Debug, Clone, Copy)]
pub struct Abuse {
    /// Its number, `W01` to `W47`.
    pub id: &'static str,
    /// What is tried.
    pub what: &'static str,
    /// The hostile guests that try it.
    pub guests: &'static [&'static str],
    /// Tests that show what no guest can: a file of the repository, and a test in it.
    pub tests: &'static [(&'static str, &'static str)],
}

const fn tried(id: &'static str, what: &'static str, guests: &'static [&'static str]) -> Abuse {
    Abuse { id, what, guests, tests: &[] }
}

const fn shown(
    id: &'static str,
    what: &'static str,
    guests: &'static [&'static str],
    tests: &'static [(&'static str, &'static str)],
) -> Abuse {
    Abuse { id, what, guests, tests }
}

const CALLS: &str = "runner/handler-host/tests/room/calls.rs";
const HOSTILE: &str = "runner/handler-host/tests/room/hostile.rs";
const PRECOMPILED: &str = "runner/handler-host/tests/room/precompiled.rs";
const SCOPE: &str = "runner/source/tests/databases/scope.rs";
const WASI: &str = "runner/handler-host/tests/room/wasi.rs";
const WELLFORMED: &str = "runner/handler-host/src/wellformed.rs";
const PATCHES: &str = "runner/invocation/tests/room/patches.rs";
const RULES: (&str, &str) = (PATCHES, "each_broken_rule_has_its_code");
const FORMS: (&str, &str) = (WELLFORMED, "a_value_of_another_form_breaks_the_contract");

/// All of them.
pub const TABLE: &[Abuse] = &[
    tried("W01", "loops without end", &["endless_loop"]),
    tried("W02", "loops without end, with more fuel than time", &["endless_loop_unmetered"]),
    tried("W03", "loops while it is started", &["endless_start"]),
    tried("W04", "loops inside bulk instructions", &["endless_fill"]),
    tried("W05", "takes memory until it is stopped", &["memory_bomb"]),
    tried("W06", "wants gigabytes before it runs", &["huge_memory"]),
    tried(
        "W07",
        "has many memories, each below the limit",
        &["two_memories", "built_of_nine_memories", "built_of_memories_within_each"],
    ),
    tried(
        "W08",
        "takes table elements until it is stopped, or a billion before it runs",
        &["table_bomb", "huge_table", "built_of_seventeen_tables", "built_of_tables_within_each"],
    ),
    tried("W09", "makes thousands of instances", &["many_instances", "built_of_10000_instances"]),
    tried("W10", "calls itself until the stack is full", &["deep_recursion"]),
    tried("W11", "two functions call each other with large frames", &["mutual_recursion"]),
    tried(
        "W12",
        "traps",
        &["unreachable", "divides_by_zero", "outside_memory", "bad_indirect_call", "data_outside_memory"],
    ),
    shown(
        "W13",
        "is entered again after a trap",
        &[],
        &[(HOSTILE, "a_hostile_guest_ends_the_same_way_with_the_same_fuel_every_time")],
    ),
    tried("W14", "answers with megabytes", &["huge_output", "large_output"]),
    tried(
        "W15",
        "points outside its memory",
        &["text_outside_memory", "answer_outside_memory", "unknown_case"],
    ),
    tried("W16", "hands over bytes that are no text", &["not_utf8", "surrogate"]),
    tried("W17", "answers with a million empty columns", &["many_columns"]),
    tried("W18", "exports other types than the world's", &["wrong_export", "built_of_deep_types"]),
    tried("W19", "calls the host without end", &["read_flood", "log_flood", "waits_for_the_clock"]),
    tried(
        "W20",
        "hands the host megabytes at once",
        &["huge_argument", "huge_log_line", "drinks_randomness"],
    ),
    tried("W21", "fills the log, with control characters", &["log_flood", "prints_without_end"]),
    tried("W22", "hoards handles, or uses one it does not hold", &["hoards_handles", "forged_handle"]),
    tried("W23", "calls the host while the host calls it", &["calls_back_from_realloc"]),
    tried("W24", "asks for streams and futures", &["asks_for_streams"]),
    shown("W25", "changes a column it may not", &[], &[RULES]),
    shown(
        "W26",
        "names another table, tenant or key",
        &["wrong_export"],
        &[RULES, (SCOPE, "another_tenants_row_is_the_same_answer_as_no_row")],
    ),
    tried("W27", "changes more than the one row, or a column twice", &["column_twice", "wrong_export"]),
    shown("W28", "changes nothing", &[], &[RULES]),
    shown("W29", "answers with NaN or infinity", &["not_a_number", "infinite"], &[FORMS]),
    shown(
        "W30",
        "answers with a decimal too long, or with an exponent",
        &["bad_decimal", "exponent_bomb"],
        &[FORMS],
    ),
    shown("W31", "answers with a number outside its bounds", &[], &[RULES]),
    shown(
        "W32",
        "answers with a day or an instant that is none",
        &["bad_date", "far_year", "leap_second"],
        &[FORMS],
    ),
    shown("W33", "answers with text a database does not take", &["nul_in_text"], &[FORMS]),
    shown("W34", "breaks a transition or a rule of the capability", &["shouting_code"], &[RULES]),
    shown(
        "W35",
        "differs on the second run",
        &[],
        &[
            ("runner/bundle/src/run.rs", "two_runs_may_differ_in_time_only"),
            (WASI, "two_runs_of_a_call_see_the_same_and_another_call_sees_other_randomness"),
        ],
    ),
    shown(
        "W36",
        "asks for the clock or for randomness",
        &["imports_clock", "imports_randomness", "waits_for_the_clock"],
        &[(WASI, "there_is_no_variable_argument_folder_or_socket_and_the_clocks_stand_still")],
    ),
    tried(
        "W37",
        "asks for files, sockets, the environment, the web",
        &[
            "imports_files",
            "imports_sockets",
            "imports_environment",
            "imports_http",
            "imports_root_function",
            "imports_other_interface",
            "exits",
        ],
    ),
    tried(
        "W38",
        "asks for another version of what is granted",
        &[
            "imports_next_patch",
            "imports_next_major",
            "imports_no_version",
            "imports_older",
            "imports_newer_wasi",
        ],
    ),
    tried(
        "W39",
        "lacks the export, or imports a function that is not there",
        &["no_export", "wrong_import_type"],
    ),
    shown(
        "W40",
        "is another file, or part of one",
        &[
            "file_core_module",
            "file_elf",
            "file_empty",
            "file_flipped_bit",
            "file_half",
            "file_precompiled",
            "file_text",
            "file_too_large",
            "file_zip",
        ],
        &[(PRECOMPILED, "what_an_engine_compiled_is_refused_as_native_code_and_the_component_itself_runs")],
    ),
    tried(
        "W41",
        "keeps the compiler busy, or takes its memory",
        &["bomb_functions", "bomb_locals", "bomb_locals_by_bytes", "bomb_nested_blocks", "bomb_statements"],
    ),
    tried("W42", "has a million of something", &["bomb_custom_sections", "bomb_exports", "bomb_long_name"]),
    tried(
        "W43",
        "uses features that are off",
        &[
            "memory64",
            "shared_memory",
            "tail_call",
            "relaxed_simd",
            "garbage_collection",
            "exceptions",
            "two_memories",
        ],
    ),
    shown(
        "W44",
        "is called a thousand times at once",
        &[],
        &[(CALLS, "more_calls_than_slots_wait_and_more_than_the_line_holds_are_told_to_come_back")],
    ),
    shown(
        "W45",
        "learns from how long something takes",
        &[],
        &[(WASI, "there_is_no_variable_argument_folder_or_socket_and_the_clocks_stand_still")],
    ),
    shown(
        "W46",
        "keeps something for the next call",
        &[],
        &[
            (CALLS, "nothing_of_one_call_is_left_in_the_memory_of_the_next"),
            (CALLS, "every_call_sees_fresh_memory_and_uses_the_same_fuel"),
        ],
    ),
    tried("W47", "passes text in another encoding", &["utf16", "latin1"]),
];

/// The table as a document: `fixtures/hostile/README.md`.
pub fn as_markdown() -> String {
    let codes: BTreeMap<String, String> =
        hostile().into_iter().map(|guest| (guest.name, guest.code)).collect();
    let ended = |guest: &&str| format!("`{guest}`: `{}`", codes.get(*guest).map_or("?", String::as_str));
    let row = |abuse: &Abuse| {
        let guests: Vec<_> = abuse.guests.iter().map(ended).collect();
        let tests: Vec<_> = abuse.tests.iter().map(|(file, test)| format!("`{test}` in `{file}`")).collect();
        format!("| {} | {} | {} | {} |\n", abuse.id, abuse.what, guests.join("<br>"), tests.join("<br>"))
    };
    let rows: String = TABLE.iter().map(row).collect();
    format!(
        "# Hostile handlers\n\nWhat a handler may try, and what it ends with: a code that begins with `HANDLER_` when it is loaded, \
         one that begins with `GUEST_` when it is called. After every one of them the host serves the next call, with its memory \
         back where it was.\n\nA `.wat` file here is a core module that the tests put into `../guests/shell.wat`, or a whole \
         component; its first lines say how it must end and what it is given. Names without a file are made by \
         `tests/hostile`. Written from there; `UPDATE_EXPECT=1 cargo nextest run -p synapsor-test-guests` writes it anew.\n\n\
         | | It | Guests and how they end | Tests of what no guest can |\n| --- | --- | --- | --- |\n{rows}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_abuse_is_tried_or_shown_and_every_guest_is_in_the_table() {
        let ids: Vec<_> = TABLE.iter().map(|abuse| abuse.id.to_owned()).collect();
        assert_eq!(ids, (1..=47).map(|n| format!("W{n:02}")).collect::<Vec<_>>());
        for abuse in TABLE {
            assert!(!(abuse.guests.is_empty() && abuse.tests.is_empty()), "{}", abuse.id);
        }
        let named: BTreeSet<&str> = TABLE.iter().flat_map(|abuse| abuse.guests).copied().collect();
        let guests = hostile();
        assert_eq!(named, guests.iter().map(|guest| guest.name.as_str()).collect());
    }

    #[test]
    fn every_test_the_table_names_is_there() {
        let root = crate::fixtures().join("..");
        for (file, test) in TABLE.iter().flat_map(|abuse| abuse.tests) {
            let text = std::fs::read_to_string(root.join(file)).expect("the file is there");
            assert!(text.contains(&format!("fn {test}(")), "`{test}` in `{file}`");
        }
    }

    #[test]
    fn the_document_is_the_table() {
        expect_test::expect_file![crate::fixtures().join("hostile/README.md")].assert_eq(&as_markdown());
    }
}
