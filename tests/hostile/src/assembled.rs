//! Guests from text: a whole component as it is, a core module inside the shell that makes a component of it.

use std::path::Path;

use crate::{HostileGuest, fixtures};

const GUEST_MARKER: &str = "(core module $guest (;the guest;))";

/// The component of an ordinary guest, by its name in `fixtures/guests`.
pub fn guest(name: &str) -> Vec<u8> {
    component(&fixtures().join(format!("guests/{name}.wat")))
}

/// The component a file in text form is.
pub fn component(path: &Path) -> Vec<u8> {
    parse(&in_shell(&read(path)), &path.display().to_string())
}

/// A hostile fixture with what its first lines say: `;; expect: CODE`, `;; wasi: deny_all`, `;; limits: NAME=VALUE …`.
pub(crate) fn hostile(path: &Path) -> HostileGuest {
    let text = read(path);
    let said = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let code =
        said(";; expect: ").unwrap_or_else(|| panic!("{} does not say `;; expect: CODE`", path.display()));
    let limit = |pair: &str| {
        let (name, value) = pair.split_once('=').expect("a limit is NAME=VALUE");
        (name.to_owned(), value.parse().expect("a number"))
    };
    HostileGuest {
        name: path.file_stem().and_then(|stem| stem.to_str()).expect("has a name").to_owned(),
        code: code.to_owned(),
        words: "",
        wasi: said(";; wasi: deny_all").is_some(),
        limits: said(";; limits: ").unwrap_or_default().split_whitespace().map(limit).collect(),
        component: parse(&in_shell(&text), &path.display().to_string()),
    }
}

/// The text of a component around a core module; any other text as it is.
pub(crate) fn in_shell(text: &str) -> String {
    let module = text.split_once("(module").filter(|_| !text.contains("(component"));
    let Some((_comment, body)) = module else { return text.to_owned() };
    let guest = format!("(core module $guest {body}");
    let mut parts = vec![(GUEST_MARKER, guest.as_str())];
    let wasi = read(&fixtures().join("guests/shell_wasi.wat"));
    if text.contains("(import \"wasi\"") {
        let (imports, more) = wasi.split_once(";; functions\n").expect("has three parts");
        let (functions, instance) = more.split_once(";; instance\n").expect("has three parts");
        parts.extend([
            ("(;more imports;)", imports),
            ("(;more functions;)", functions),
            ("(;more instances;)", instance),
        ]);
    }
    parts.iter().fold(read(&fixtures().join("guests/shell.wat")), |shell, (marker, part)| {
        assert!(shell.contains(marker), "the shell has lost its marker {marker}");
        shell.replace(marker, part)
    })
}

pub(crate) fn parse(text: &str, name: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
