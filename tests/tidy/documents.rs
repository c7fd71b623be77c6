//! The documents say what is so: every file they name is there, and the table of rooms is the one that is held.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{ROOMS, TOP, root};

/// Every page that is read in the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.extend(["README.md", "handlers/README.md"].map(|page| root().join(page)));
    pages.extend(
        ["rust", "javascript", "python", "c", "go", "executor-js", "executor-python"]
            .map(|sdk| root().join(format!("sdk/{sdk}/README.md"))),
    );
    pages
}

/// Words that begin like a path of this repository, in code quotes or on a command line.
fn named(page: &str) -> BTreeSet<&str> {
    let words = page.split(|c: char| c.is_whitespace() || "`()[]\"',;".contains(c));
    let ours =
        |word: &&str| word.split_once('/').is_some_and(|(top, rest)| TOP.contains(&top) && !rest.is_empty());
    let plain = |word: &str| !word.contains(['*', '<', '…', '{']) && !word.contains("NNNN");
    words.filter(ours).map(|word| word.trim_end_matches(['.', ':'])).filter(|word| plain(word)).collect()
}

/// Where the relative links of a page lead.
fn links(page: &str) -> BTreeSet<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#')).collect()
}

/// The file of a link that may lead to a section of it.
fn file(link: &str) -> &str {
    link.split_once('#').map_or(link, |(file, _)| file)
}

#[test]
fn every_file_a_page_names_is_there() {
    let mut missing = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page is text");
        let folder = page.parent().expect("a folder");
        let named = named(&text).into_iter().map(|name| (name, root().join(file(name))));
        let linked = links(&text).into_iter().map(|link| (link, folder.join(file(link))));
        for (name, _) in named.chain(linked).filter(|(_, path)| !path.exists()) {
            missing.push(format!("{}: {name}", shown(&page)));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// The sections a link may lead to, named as code hosts name them.
fn sections(page: &str) -> BTreeSet<String> {
    let headings =
        page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let letter = |c: char| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ => c.is_alphanumeric().then(|| c.to_ascii_lowercase()),
    };
    headings.map(|heading| heading.chars().filter_map(letter).collect()).collect()
}

#[test]
fn every_section_a_link_leads_to_is_there() {
    let mut missing = Vec::new();
    let mut looked = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page is text");
        let folder = page.parent().expect("a folder");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let sections_named =
            targets.filter(|target| !target.contains("://")).filter_map(|target| target.split_once('#'));
        for (file, section) in sections_named {
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            let target = std::fs::read_to_string(&target).unwrap_or_default();
            looked += 1;
            if !sections(&target).contains(section) {
                missing.push(format!("{}: {file}#{section}", shown(&page)));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(looked > 20, "{looked} links");
}

fn shown(page: &Path) -> String {
    page.strip_prefix(root()).expect("inside").display().to_string()
}

#[test]
fn the_map_shows_the_arrows_that_are_held() {
    let map = std::fs::read_to_string(root().join("docs/architecture.md")).expect("the map");
    for (room, doors) in ROOMS {
        let doors = match *room {
            "cli" => "all".to_owned(),
            _ if doors.is_empty() => "nothing of ours".to_owned(),
            _ => doors.join(", "),
        };
        let row = format!("| {room} | {doors} |");
        assert!(map.contains(&row), "`docs/architecture.md` has no row that begins `{row}`");
    }
}

/// `file::test` in code quotes, where the test's name is a sentence.
fn tests_named(page: &str) -> BTreeSet<(&str, &str)> {
    let quoted = page.split('`').skip(1).step_by(2);
    let is_test = |(_, name): &(&str, &str)| {
        name.matches('_').count() >= 3
            && name.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    quoted.filter_map(|word| word.split_once("::")).filter(is_test).collect()
}

#[test]
fn every_test_a_page_names_is_there() {
    let mut tests = BTreeSet::new();
    for top in ["runner", "tests"] {
        crate::visit(&root().join(top), &mut |path| {
            let text = std::fs::read_to_string(path).expect("a source file is text");
            let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
            tests.extend(names.map(|name| (file.clone(), name.to_owned())));
        });
    }
    let mut missing = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page is text");
        for (file, name) in tests_named(&text) {
            if !tests.contains(&(file.to_owned(), name.to_owned())) {
                missing.push(format!("{}: {file}::{name}", shown(&page)));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
