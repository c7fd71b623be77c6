//! Archives: the same bytes every time, as good as the folder everywhere, and nothing hides in one.

use std::fs;

use synapsor_bundle::{ProblemCode, SigningKey, open, pack, sign, validate};
use tar::{Builder, EntryType, Header};

use crate::copy::{Copy, engine, shipped};

/// A bundle in a file.
fn archived(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("its content");
    file
}

fn header(name: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    let field = &mut header.as_old_mut().name;
    field[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    header
}

/// The shipped bundle's archive with one more entry at its end.
fn with_entry(name: &[u8], kind: EntryType, content: &[u8]) -> Vec<u8> {
    let mut bytes = pack(&shipped()).expect("the shipped bundle packs").bytes;
    bytes.truncate(bytes.len() - 1024);
    let mut builder = Builder::new(bytes);
    builder.append(&header(name, kind, content.len() as u64), content).expect("an entry");
    builder.into_inner().expect("an archive")
}

fn refused(bytes: &[u8]) -> ProblemCode {
    let problems = open(archived(bytes).path()).expect_err("it is refused");
    problems[0].code
}

#[tokio::test]
async fn an_archive_is_as_good_as_its_folder() {
    let packed = pack(&shipped()).expect("the shipped bundle packs");
    assert_eq!(packed.file_name, "late-fee-0.1.0.tar");
    let file = archived(&packed.bytes);
    let report = validate(file.path(), engine()).await;
    assert_eq!(report.problems, []);
    assert_eq!(report.cases.len(), 16);
    let (folder, archive) = (open(&shipped()).expect("the folder"), open(file.path()).expect("the archive"));
    assert_eq!(folder.component_digest, archive.component_digest);
    assert_eq!(pack(file.path()).expect("an archive packs").bytes, packed.bytes);
}

#[test]
fn the_same_bundle_gives_the_same_bytes_whatever_lies_beside_it() {
    let (first, second) = (Copy::new(), Copy::new().write("notes.txt", "mine"));
    fs::create_dir(second.path("src")).expect("a folder");
    let (first, second) = (pack(first.folder()).expect("packs"), pack(second.folder()).expect("packs"));
    assert_eq!(first.digest, second.digest);
    assert_eq!(
        first.files,
        ["cases/nothing-to-waive.json", "cases/rest-of-allowance.json", "handler.json", "late-fee.wasm"]
    );
}

#[test]
fn a_signature_is_packed_with_what_it_is_for() {
    let copy = Copy::new();
    let key = SigningKey::from_seed(&[1; 32]);
    sign(copy.folder(), &key).expect("it is signed");
    let packed = pack(copy.folder()).expect("it packs");
    assert!(packed.files.contains(&"handler.sig".to_owned()));
    let bundle = open(archived(&packed.bytes).path()).expect("it opens");
    assert_eq!(bundle.signature.map(|signature| signature.public_key), Some(key.public_key()));
}

#[test]
fn a_bundle_with_a_problem_is_not_packed() {
    assert!(pack(Copy::new().remove("late-fee.wasm").folder()).is_err());
}

#[test]
fn no_entry_leads_out_and_none_is_anything_but_a_plain_file() {
    for name in [&b"../escaped.json"[..], b"/etc/passwd", b"cases/../../x.json", b"./x", b""] {
        let code = refused(&with_entry(name, EntryType::Regular, b"{}"));
        let expected = [ProblemCode::PathEscapes, ProblemCode::ArchiveNotCanonical];
        assert!(expected.contains(&code), "{name:?}: {code}");
    }
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::Block,
        EntryType::GNUSparse,
        EntryType::GNULongName,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
        EntryType::Continuous,
    ] {
        let code = refused(&with_entry(b"cases/x.json", kind, b""));
        assert_eq!(code, ProblemCode::ArchiveEntryForbidden, "{kind:?}");
    }
}

#[test]
fn no_entry_comes_twice_or_from_elsewhere() {
    let twice = with_entry(b"handler.json", EntryType::Regular, b"{}");
    assert_eq!(refused(&twice), ProblemCode::ArchiveEntryTwice);
    // In its place in the order, so that it is canonical.
    let stranger = with_entry(b"zzz.txt", EntryType::Regular, b"hello");
    assert_eq!(refused(&stranger), ProblemCode::ArchiveEntryUnknown);
    let deep = with_entry(b"zzz/cases/x.json", EntryType::Regular, b"{}");
    assert_eq!(refused(&deep), ProblemCode::ArchiveEntryUnknown);
}

#[test]
fn an_archive_that_packing_would_not_give_is_refused() {
    let packed = pack(&shipped()).expect("the shipped bundle packs").bytes;
    let trailing = [packed.as_slice(), b"more"].concat();
    assert_eq!(refused(&trailing), ProblemCode::ArchiveNotCanonical);
    let unordered = with_entry(b"cases/a.json", EntryType::Regular, b"{}");
    assert_eq!(refused(&unordered), ProblemCode::ArchiveNotCanonical);
}

#[test]
fn broken_and_foreign_files_are_refused() {
    let packed = pack(&shipped()).expect("the shipped bundle packs").bytes;
    for bytes in [&b""[..], b"PK\x03\x04", &[0_u8; 4096], &[0xff_u8; 4096], &packed[..700], &packed[..512]] {
        let code = refused(bytes);
        assert_eq!(code, ProblemCode::ArchiveInvalid, "{} bytes", bytes.len());
    }
    // A size that the file does not have.
    let mut lying = Vec::from(header(b"handler.json", EntryType::Regular, 8 << 30).as_bytes().as_slice());
    lying.extend([0; 512]);
    assert_eq!(refused(&lying), ProblemCode::FileTooLarge);
    let file = archived(b"");
    file.as_file().set_len(65 << 20).expect("a sparse file");
    assert_eq!(open(file.path()).expect_err("too large")[0].code, ProblemCode::FileTooLarge);
}

#[test]
fn every_bit_of_an_entrys_header_counts() {
    let packed = pack(Copy::new().folder()).expect("it packs").bytes;
    for at in 0..512 {
        let mut flipped = packed.clone();
        flipped[at] ^= 1;
        assert!(open(archived(&flipped).path()).is_err(), "bit of byte {at}");
    }
}
