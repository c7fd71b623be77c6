//! Every problem code: its name and its meaning in one line.
//!
//! Invariant: a code is never renamed or reused. `docs/reference/bundle-problems.md` is generated from this list.

use synapsor_protocol::Code;

synapsor_protocol::problem_codes! {
    "Files" {
        FileMissing = "FILE_MISSING", "the folder, or a file the bundle needs, does not exist";
        FileUnreadable = "FILE_UNREADABLE", "a file exists and cannot be read, or is not a plain file";
        FileTooLarge = "FILE_TOO_LARGE", "a file is larger than its limit";
        PathEscapes = "PATH_ESCAPES", "a path leads out of the bundle's folder";
        CasesMissing = "CASES_MISSING", "the bundle has no `cases/*.json`; a handler is accepted by its cases";
        TooManyCases = "TOO_MANY_CASES", "the bundle has more cases than one validation runs";
    }
    "Archive" {
        ArchiveInvalid = "ARCHIVE_INVALID", "the file is no tar archive, or a broken one";
        ArchiveEntryForbidden = "ARCHIVE_ENTRY_FORBIDDEN", "an entry is no plain file: a link, a folder, a device, an extension";
        ArchiveEntryTwice = "ARCHIVE_ENTRY_TWICE", "two entries have one name";
        ArchiveEntryUnknown = "ARCHIVE_ENTRY_UNKNOWN", "an entry is no part of a bundle";
        ArchiveNotCanonical = "ARCHIVE_NOT_CANONICAL", "the archive is not the bytes that packing its files gives";
    }
    "Signature" {
        SignatureMalformed = "SIGNATURE_MALFORMED", "`handler.sig` does not follow its format";
        SignatureContentDiffers = "SIGNATURE_CONTENT_DIFFERS", "something was signed, and the bundle has changed since";
        SignatureInvalid = "SIGNATURE_INVALID", "the signature was not made with the key it names";
        SignatureMissing = "SIGNATURE_MISSING", "the config requires a signature and the bundle has none";
        SignatureKeyUnknown = "SIGNATURE_KEY_UNKNOWN", "the config requires a signature by a key it trusts, and the bundle is signed with another";
    }
    "Manifest and cases" {
        InvalidJson = "INVALID_JSON", "the text is not JSON";
        DuplicateKey = "DUPLICATE_KEY", "an object has the same key twice";
        UnknownKey = "UNKNOWN_KEY", "a key is not one the format knows";
        KeyMissing = "KEY_MISSING", "a required key is missing";
        ManifestInvalid = "MANIFEST_INVALID", "a value does not follow the manifest's JSON Schema";
        CaseInvalid = "CASE_INVALID", "a value does not follow the cases' JSON Schema";
        WorldUnknown = "WORLD_UNKNOWN", "`world` is not one this runner runs";
        LimitTooHigh = "LIMIT_TOO_HIGH", "the handler needs more than the runner ever gives";
    }
    "Component" {
        ComponentDigestMismatch = "COMPONENT_DIGEST_MISMATCH", "the component is not the one the manifest names";
        ComponentInvalid = "COMPONENT_INVALID", "the file is no component of the world, or asks for more than its limits before it runs";
        ImportNotGranted = "IMPORT_NOT_GRANTED", "the component imports something the world does not grant";
    }
    "Running the cases" {
        CaseUndeclared = "CASE_UNDECLARED", "a case uses an argument, a setting, a read, a filter or a column that the manifest does not declare";
        CaseAnswerDiffers = "CASE_ANSWER_DIFFERS", "the handler answers something else than the case expects";
        CaseCallFailed = "CASE_CALL_FAILED", "the call ended without an answer: a limit, a trap, or an answer that is not well formed";
        CaseNotDeterministic = "CASE_NOT_DETERMINISTIC", "two runs of one case differ in answer, reads, log or fuel";
        CaseReadNotRecorded = "CASE_READ_NOT_RECORDED", "the handler asks for a read that the case does not record";
        CaseReadUnused = "CASE_READ_UNUSED", "the case records a read that the handler does not ask for";
        MalformedInputTraps = "MALFORMED_INPUT_TRAPS", "a value that is missing, null, of another type or very large ends the call without an answer, where the handler should refuse";
    }
    "Grants" {
        GrantNoHandler = "GRANT_NO_HANDLER", "the capability has no handler";
        GrantDigestMismatch = "GRANT_DIGEST_MISMATCH", "the config pins another component than the bundle holds";
        GrantArgumentMissing = "GRANT_ARGUMENT_MISSING", "the capability has no such argument, or does not require it";
        GrantArgumentType = "GRANT_ARGUMENT_TYPE", "the capability's argument has another type";
        GrantSettingMissing = "GRANT_SETTING_MISSING", "a setting the handler needs is not set";
        GrantSettingType = "GRANT_SETTING_TYPE", "a setting has another type";
        GrantSettingUnknown = "GRANT_SETTING_UNKNOWN", "the handler has no such setting";
        GrantRowColumnMissing = "GRANT_ROW_COLUMN_MISSING", "a column of the row that the handler looks at is not visible";
        GrantReadMissing = "GRANT_READ_MISSING", "a read the handler needs is not granted";
        GrantReadColumnMissing = "GRANT_READ_COLUMN_MISSING", "a column of a read is not granted";
        GrantFilterMissing = "GRANT_FILTER_MISSING", "a filter of a read is not granted";
        GrantRowsTooFew = "GRANT_ROWS_TOO_FEW", "a read is granted fewer rows than the handler needs";
        GrantWriteMissing = "GRANT_WRITE_MISSING", "a column the handler may write is not in `allowed_columns`";
        GrantWasiMissing = "GRANT_WASI_MISSING", "the component links WASI and the config does not grant it";
        GrantLimitTooLow = "GRANT_LIMIT_TOO_LOW", "the config grants less of a limit than the handler needs";
    }
}

impl ProblemCode {
    /// The code a call is refused with when a handler with this problem is to be loaded.
    pub(crate) fn refusal_code(self) -> Code {
        match self {
            Self::FileMissing | Self::FileUnreadable => Code::HandlerNotLoaded,
            Self::ComponentDigestMismatch | Self::GrantDigestMismatch => Code::HandlerDigestMismatch,
            Self::ImportNotGranted => Code::HandlerImportNotGranted,
            Self::SignatureMalformed
            | Self::SignatureContentDiffers
            | Self::SignatureInvalid
            | Self::SignatureMissing
            | Self::SignatureKeyUnknown => Code::HandlerNotTrusted,
            _ => Code::HandlerInvalid,
        }
    }
}
