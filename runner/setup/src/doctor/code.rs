//! What can be wrong with a set-up, by code: how bad, and why it matters.
//!
//! Invariant: a code is never renamed or reused.

use serde::Serialize;

use super::finding::Severity;

macro_rules! doctor_codes {
    ($($name:ident = $wire:literal, $severity:ident, $why:literal;)+) => {
        /// Something that can be wrong with a set-up; `SCREAMING_SNAKE` in documents.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum DoctorCode {
            $(#[doc = $why] #[serde(rename = $wire)] $name,)+
        }

        impl DoctorCode {
            /// Every code, in the order of the sections.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code in documents.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// Why it matters.
            pub fn why(self) -> &'static str {
                match self { $(Self::$name => $why,)+ }
            }
        }
    };
}

doctor_codes! {
    ConfigUnusable = "DOCTOR_CONFIG_UNUSABLE", Fail, "nothing is served from a config with an error in it";
    ConfigWarning = "DOCTOR_CONFIG_WARNING", Warn, "the config can be used and says something that has no effect or a risk";
    ReadUrlMissing = "DOCTOR_READ_URL_MISSING", Fail, "without the reading credential every call ends as unavailable";
    WriteUrlMissing = "DOCTOR_WRITE_URL_MISSING", Fail, "what a person approves could not be applied";
    VariablePlaceholder = "DOCTOR_VARIABLE_PLACEHOLDER", Fail, "the example's text is not a value, so nothing connects with it";
    SharedCredential = "DOCTOR_SHARED_CREDENTIAL", Warn, "whoever takes the serving process over can then write without a proposal";
    ExecutorVariableMissing = "DOCTOR_EXECUTOR_VARIABLE_MISSING", Fail, "an approved proposal could not be handed to the application";
    ContextMissing = "DOCTOR_CONTEXT_MISSING", Fail, "without a tenant and a principal every call is refused";
    ContextFixed = "DOCTOR_CONTEXT_FIXED", Warn, "everybody who reaches this runner is the same tenant and the same person";
    ContextNeedsTokens = "DOCTOR_CONTEXT_NEEDS_TOKENS", Warn, "over stdio nothing is verified, so such a capability is not served there";
    UrlUnusable = "DOCTOR_URL_UNUSABLE", Fail, "the driver would refuse it, or pass over a part of it in silence";
    TlsOff = "DOCTOR_TLS_OFF", Warn, "rows and the credential itself cross the network in the clear";
    TlsUnverified = "DOCTOR_TLS_UNVERIFIED", Warn, "whoever answers at that address is taken for the database";
    SourceUnreachable = "DOCTOR_SOURCE_UNREACHABLE", Fail, "every call that reads it ends as unavailable";
    TableMissing = "DOCTOR_TABLE_MISSING", Fail, "every call of the capability ends with an error";
    TableNotReadable = "DOCTOR_TABLE_NOT_READABLE", Fail, "every call of the capability ends with an error";
    ReaderCanWrite = "DOCTOR_READER_CAN_WRITE", Warn, "whoever takes the serving process over can then change rows, and no proposal says so";
    ColumnNotReadable = "DOCTOR_COLUMN_NOT_READABLE", Fail, "every call of the capability ends with an error";
    TargetNotATable = "DOCTOR_TARGET_NOT_A_TABLE", Fail, "nothing is applied to a view";
    ColumnMissing = "DOCTOR_COLUMN_MISSING", Fail, "every call of the capability ends with an error";
    ColumnNotExact = "DOCTOR_COLUMN_NOT_EXACT", Fail, "a value that cannot be kept exact is refused, not approximated";
    ColumnComputed = "DOCTOR_COLUMN_COMPUTED", Fail, "nobody can set a column that the database computes";
    KeyNotUnique = "DOCTOR_KEY_NOT_UNIQUE", Warn, "a key that names two rows names none: the call is refused";
    TenantNullable = "DOCTOR_TENANT_NULLABLE", Warn, "a row without a tenant belongs to nobody and is never found";
    CollationFolds = "DOCTOR_COLLATION_FOLDS", Warn, "the database takes different spellings for one key or tenant; this runner compares byte for byte, and other programs mix the rows";
    SqlModeLax = "DOCTOR_SQL_MODE_LAX", Warn, "sessions of this runner are strict all the same, but other programs' rows are not what was meant; the server's settings file has to say it too, for its next start";
    SensitiveColumn = "DOCTOR_SENSITIVE_COLUMN", Warn, "what reads like a secret is shown to a model, and refused by the record";
    RowSecurityBinds = "DOCTOR_ROW_SECURITY_BINDS", Warn, "rows it hides are not found, and an apply has to acknowledge it";
    TriggersAct = "DOCTOR_TRIGGERS_ACT", Warn, "something else happens when an approved change is applied";
    WritebackStands = "DOCTOR_WRITEBACK_STANDS", Fail, "an apply would be refused";
    WritebackExcess = "DOCTOR_WRITEBACK_EXCESS", Warn, "whoever has the credential can use the right without a proposal";
    WorkerVariableMissing = "DOCTOR_WORKER_VARIABLE_MISSING", Fail, "a worker does not start without it";
    ControlPlaneAway = "DOCTOR_CONTROL_PLANE_AWAY", Fail, "no job is given out to a worker that nobody answers";
    RunnerTokenRefused = "DOCTOR_RUNNER_TOKEN_REFUSED", Fail, "a worker whose token is not taken ends at once";
    ReceiptsNotWritable = "DOCTOR_RECEIPTS_NOT_WRITABLE", Fail, "an apply ends before it has changed anything";
    CloudVariableMissing = "DOCTOR_CLOUD_VARIABLE_MISSING", Fail, "without it the hosted service is not asked, and nothing is served";
    CloudSourceUnnamed = "DOCTOR_CLOUD_SOURCE_UNNAMED", Warn, "a runner token is for one source, and `cloud connect` has to say for which";
    CloudAddressRefused = "DOCTOR_CLOUD_ADDRESS_REFUSED", Fail, "nothing is sent to such an address, the runner token least of all";
    CloudAway = "DOCTOR_CLOUD_AWAY", Fail, "a server does not start without the service's list of tools";
    CloudTokenRefused = "DOCTOR_CLOUD_TOKEN_REFUSED", Fail, "the service gives neither tools nor answers to a token it does not take";
    CloudAnswersOddly = "DOCTOR_CLOUD_ANSWERS_ODDLY", Fail, "whoever answers there does not speak as the hosted service does";
    CloudToolsRefused = "DOCTOR_CLOUD_TOOLS_REFUSED", Fail, "of the adapter's tools there is none that a model may be shown";
    CloudToolLeftOut = "DOCTOR_CLOUD_TOOL_LEFT_OUT", Warn, "the service lists the tool, and no client of this runner sees it";
    HandlerUnusable = "DOCTOR_HANDLER_UNUSABLE", Fail, "every call of the capability is refused until the handler loads";
    CandidateUnusable = "DOCTOR_CANDIDATE_UNUSABLE", Warn, "calls are answered as without it, and of none there is anything to compare";
    ExecutorNotReady = "DOCTOR_EXECUTOR_NOT_READY", Fail, "what the executor should carry out stays approved until it is ready";
    HandlerBreaking = "DOCTOR_HANDLER_BREAKING", Warn, "a server leaves such a handler alone for a while, and refuses its calls meanwhile";
    LedgerAbsent = "DOCTOR_LEDGER_ABSENT", Note, "it is made by the first call";
    LedgerUnusable = "DOCTOR_LEDGER_UNUSABLE", Fail, "without a record nothing is answered and nothing applied";
    LedgerMisfit = "DOCTOR_LEDGER_MISFIT", Fail, "the record was edited, or is not whole";
    ClockApart = "DOCTOR_CLOCK_APART", Warn, "what is recorded here and there cannot be put in order";
    ClientSecret = "DOCTOR_CLIENT_SECRET", Fail, "a client's file is read by whoever reads the project, and is sent along with bug reports";
    ClientUnread = "DOCTOR_CLIENT_UNREAD", Warn, "what stands in it could not be looked through";
    ToolBoundary = "DOCTOR_TOOL_BOUNDARY", Fail, "a model could do more than ask";
    ToolFinding = "DOCTOR_TOOL_FINDING", Warn, "an audit of the tools has something to say";
}

/// The page of codes.
pub fn reference() -> String {
    let mut page =
        "# What the doctor finds\n\nGenerated from the list in `runner/setup/src/doctor/code.rs`; a test compares.\n"
            .to_owned();
    page.push_str("\n| How bad | Code | Why it matters |\n| --- | --- | --- |\n");
    for code in DoctorCode::ALL {
        page.push_str(&format!("| {} | `{}` | {} |\n", code.severity().as_str(), code.as_str(), code.why()));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect_file;

    #[test]
    fn the_committed_page_of_codes_is_the_list() {
        expect_file!["../../../../docs/reference/doctor-codes.md"].assert_eq(&reference());
    }
}
