//! Why something was not carried out: one enum of stable codes, and what is safe to say about each.
//!
//! Invariant: a code is never renamed or reused. Invariant: `message` is safe for an outsider: no SQL, no row value, no
//! secret, no driver text; detail goes to the log only.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whose "no" it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A rule answered no. Asking again changes nothing.
    Refusal,
    /// The world broke: a database, the disk, a handler. Safe to repeat.
    Failure,
    /// Our own invariant broke.
    Bug,
}

/// Whether the source database changed. A field, never read out of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceChanged {
    /// It did not.
    #[default]
    No,
    /// It did.
    Yes,
    /// It cannot be said yet; reconcile.
    Unknown,
}

macro_rules! codes {
    ($($name:ident = $wire:literal, $kind:ident, $retryable:literal, $text:literal;)+) => {
        /// A stable code; `SCREAMING_SNAKE` on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $text] #[serde(rename = $wire)] $name,)+
        }

        impl Code {
            /// Every code, in the order of the call.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire,)+ }
            }

            /// A rule's no, a failure of the world, or a bug.
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)+ }
            }

            /// Whether the same request may succeed later without anybody changing anything.
            pub fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)+ }
            }

            /// What the code means, in one line.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

codes! {
    // the door
    HttpAuthTokenMissing = "HTTP_AUTH_TOKEN_MISSING", Refusal, false, "the environment variable that holds the server's token is not set";
    HttpAuthTokenWeak = "HTTP_AUTH_TOKEN_WEAK", Refusal, false, "a token the server was given is too short to be a secret, or is not something a header can carry";
    HttpDevNoAuthUnsafeHost = "HTTP_DEV_NO_AUTH_UNSAFE_HOST", Refusal, false, "serving without authentication is for loopback addresses only";
    AuthenticationRequired = "AUTHENTICATION_REQUIRED", Refusal, false, "the request carries no bearer token";
    TokenInvalid = "TOKEN_INVALID", Refusal, false, "the request's bearer token is malformed, expired, or not one for this server";
    ScopeInsufficient = "SCOPE_INSUFFICIENT", Refusal, false, "the request's token does not carry the scope this needs";
    AuthenticationUnavailable = "AUTHENTICATION_UNAVAILABLE", Failure, true, "the issuer's keys cannot be had, so no token can be checked";
    RateLimited = "RATE_LIMITED", Failure, true, "the principal, or everybody together, called more often than the config allows";
    // the door over HTTP
    HttpHostNotAllowed = "HTTP_HOST_NOT_ALLOWED", Refusal, false, "the request is for a host name the server does not answer to";
    HttpOriginNotAllowed = "HTTP_ORIGIN_NOT_ALLOWED", Refusal, false, "the request comes from a web page that may not use the server";
    HttpPathNotFound = "HTTP_PATH_NOT_FOUND", Refusal, false, "nothing is served at the request's path";
    HttpMethodNotAllowed = "HTTP_METHOD_NOT_ALLOWED", Refusal, false, "the path does not take the request's HTTP method";
    HttpMediaTypeUnsupported = "HTTP_MEDIA_TYPE_UNSUPPORTED", Refusal, false, "the request's body is not declared as JSON";
    HttpNotAcceptable = "HTTP_NOT_ACCEPTABLE", Refusal, false, "the client does not take the forms an answer may have";
    HttpRequestInvalid = "HTTP_REQUEST_INVALID", Refusal, false, "the request's headers or its address are missing something, or contradict themselves";
    HttpBodyTooLarge = "HTTP_BODY_TOO_LARGE", Refusal, false, "the request's body is larger than the server's limit";
    HttpBodyTooSlow = "HTTP_BODY_TOO_SLOW", Refusal, false, "the request's body did not arrive within the server's limit";
    HttpBusy = "HTTP_BUSY", Failure, true, "the server has as many connections, sessions or requests as it takes at once";
    HttpSessionNotFound = "HTTP_SESSION_NOT_FOUND", Refusal, false, "the caller has no such session: it ended, or never was the caller's";
    HttpExposureInvalid = "HTTP_EXPOSURE_INVALID", Refusal, false, "a host or an origin the server should allow is not one";
    HttpTlsInvalid = "HTTP_TLS_INVALID", Refusal, false, "the certificate or its key cannot be used for TLS";
    HttpAddressUnavailable = "HTTP_ADDRESS_UNAVAILABLE", Failure, true, "the server's address cannot be listened on";
    // the call
    ModelCannotOverrideBinding = "MODEL_CANNOT_OVERRIDE_BINDING", Refusal, false, "an argument tried to set a value only the runner may set (tenant, principal, table, column, version)";
    McpToolNotFound = "MCP_TOOL_NOT_FOUND", Refusal, false, "no capability of that name is served";
    ArgumentRequired = "ARGUMENT_REQUIRED", Refusal, false, "a required argument is missing";
    ArgumentUnknown = "ARGUMENT_UNKNOWN", Refusal, false, "the capability has no argument of that name";
    ArgumentTypeInvalid = "ARGUMENT_TYPE_INVALID", Refusal, false, "an argument has another type than the capability declares";
    ArgumentTooLong = "ARGUMENT_TOO_LONG", Refusal, false, "a text argument is longer than its `max_length`";
    ArgumentBelowMinimum = "ARGUMENT_BELOW_MINIMUM", Refusal, false, "a number argument is below its `minimum`";
    ArgumentAboveMaximum = "ARGUMENT_ABOVE_MAXIMUM", Refusal, false, "a number argument is above its `maximum`";
    ArgumentNotAllowed = "ARGUMENT_NOT_ALLOWED", Refusal, false, "an argument is not one of its `enum` values";
    InvalidInput = "INVALID_INPUT", Refusal, false, "the input is not well formed or exceeds a size limit";
    ProposalsDisabled = "PROPOSALS_DISABLED", Refusal, false, "the runner serves reads only (`mode: read_only`)";
    TrustedContextMissing = "TRUSTED_CONTEXT_MISSING", Refusal, false, "the capability has no trusted context";
    TrustedBindingMissing = "TRUSTED_BINDING_MISSING", Refusal, false, "the tenant or the principal is not set where the context says it is";
    TrustedContextUnsupported = "TRUSTED_CONTEXT_UNSUPPORTED", Refusal, false, "the context's provider cannot be used on this transport";
    // the source
    SourceNotFound = "SOURCE_NOT_FOUND", Refusal, false, "the config names no such source";
    SourceCredentialMissing = "SOURCE_CREDENTIAL_MISSING", Failure, false, "the environment variable that holds the source's URL is not set";
    SourceUnavailable = "SOURCE_UNAVAILABLE", Failure, true, "the source database cannot be reached";
    SourceTimeout = "SOURCE_TIMEOUT", Failure, true, "the source did not answer within its time limit";
    SourceBusy = "SOURCE_BUSY", Failure, true, "every connection to the source is in use";
    SourceShapeMismatch = "SOURCE_SHAPE_MISMATCH", Refusal, false, "a configured table or column does not exist in the source";
    ColumnTypeUnsupported = "COLUMN_TYPE_UNSUPPORTED", Refusal, false, "a column's type cannot be kept exact and is not served";
    SourceReadFailed = "SOURCE_READ_FAILED", Failure, false, "the source refused the read";
    RowNotFound = "ROW_NOT_FOUND", Refusal, false, "no row of this tenant has that key";
    RowNotUnique = "ROW_NOT_UNIQUE", Refusal, false, "more than one row of this tenant has that key";
    RowTooLarge = "ROW_TOO_LARGE", Refusal, false, "the row is larger than the read limit";
    // the patch
    PatchColumnNotAllowed = "PATCH_COLUMN_NOT_ALLOWED", Refusal, false, "the patch names a column outside `allowed_columns`";
    PatchEmpty = "PATCH_EMPTY", Refusal, false, "the patch changes nothing";
    PatchValueInvalid = "PATCH_VALUE_INVALID", Refusal, false, "a patch value cannot be stored exactly in its column";
    PatchNumericBoundTypeInvalid = "PATCH_NUMERIC_BOUND_TYPE_INVALID", Refusal, false, "a bounded patch column received something that is not a number";
    PatchBelowMinimum = "PATCH_BELOW_MINIMUM", Refusal, false, "a patch value is below its numeric bound";
    PatchAboveMaximum = "PATCH_ABOVE_MAXIMUM", Refusal, false, "a patch value is above its numeric bound";
    PatchTransitionTypeInvalid = "PATCH_TRANSITION_TYPE_INVALID", Refusal, false, "a transition guard met a value that is not text";
    PatchTransitionNotAllowed = "PATCH_TRANSITION_NOT_ALLOWED", Refusal, false, "the change from the present state to the proposed one is not allowed";
    ConflictGuardMissing = "CONFLICT_GUARD_MISSING", Refusal, false, "the row has no value in its version column to guard the change with";
    RedactedValueRepeated = "REDACTED_VALUE_REPEATED", Refusal, false, "an argument repeats a value that the record may not hold";
    SecretMaterialRejected = "SECRET_MATERIAL_REJECTED", Refusal, false, "the record would hold something that looks like a secret";
    // the handler
    HandlerRefused = "HANDLER_REFUSED", Refusal, false, "the handler's business rule answered no";
    HandlerNotLoaded = "HANDLER_NOT_LOADED", Failure, false, "the capability's handler could not be loaded";
    HandlerLoading = "HANDLER_LOADING", Failure, true, "the capability's handler is still being loaded";
    HandlerDigestMismatch = "HANDLER_DIGEST_MISMATCH", Refusal, false, "the handler's component is not the one the config pins";
    HandlerInvalid = "HANDLER_INVALID", Refusal, false, "the handler's component or manifest is not valid";
    HandlerCompileLimit = "HANDLER_COMPILE_LIMIT", Refusal, false, "compiling the handler's component takes more time or memory than a compile may";
    HandlerImportNotGranted = "HANDLER_IMPORT_NOT_GRANTED", Refusal, false, "the component imports something the world does not grant";
    HandlerBusy = "HANDLER_BUSY", Failure, true, "every handler slot is in use";
    HandlerSuspended = "HANDLER_SUSPENDED", Failure, true, "the handler was stopped several times in a row and is not run for a while";
    HandlerNotTrusted = "HANDLER_NOT_TRUSTED", Refusal, false, "the handler's signature is missing, broken, or not by a key the config trusts";
    HandlerToolMissing = "HANDLER_TOOL_MISSING", Failure, false, "a tool that builds the handler's language is not installed";
    HandlerBuildFailed = "HANDLER_BUILD_FAILED", Refusal, false, "the handler's source does not build, or not into a component of the world";
    HandlerWorkerLost = "HANDLER_WORKER_LOST", Failure, true, "the process the handler ran in ended before the handler answered";
    GuestFuel = "GUEST_FUEL", Refusal, false, "the handler used up its fuel";
    GuestDeadline = "GUEST_DEADLINE", Refusal, true, "the handler ran past its deadline";
    GuestMemory = "GUEST_MEMORY", Refusal, false, "the handler asked for more memory than its limit";
    GuestTable = "GUEST_TABLE", Refusal, false, "the handler asked for more table elements than its limit";
    GuestStack = "GUEST_STACK", Refusal, false, "the handler ran out of stack";
    GuestTrap = "GUEST_TRAP", Refusal, false, "the handler trapped";
    GuestOutputTooLarge = "GUEST_OUTPUT_TOO_LARGE", Refusal, false, "the handler's answer is larger than its limit";
    GuestAbi = "GUEST_ABI", Refusal, false, "the handler's answer does not follow the contract";
    GuestReadsExceeded = "GUEST_READS_EXCEEDED", Refusal, false, "the handler asked for more reads, rows or bytes than its limit";
    GuestReadFailed = "GUEST_READ_FAILED", Failure, true, "a declared read of the handler could not be answered";
    // the ledger
    LedgerUnavailable = "LEDGER_UNAVAILABLE", Failure, true, "the ledger cannot be opened or written";
    LedgerReadOnly = "LEDGER_READ_ONLY", Failure, false, "the ledger file is read-only";
    LedgerFull = "LEDGER_FULL", Failure, true, "the ledger's disk is full";
    LedgerBusy = "LEDGER_BUSY", Failure, true, "another process holds the ledger's write lock too long";
    LedgerNotAFile = "LEDGER_NOT_A_FILE", Refusal, false, "the ledger is on a server, and what was asked for is about a file";
    LedgerTooNew = "LEDGER_TOO_NEW", Refusal, false, "the ledger was written by a newer version";
    LedgerCorrupt = "LEDGER_CORRUPT", Failure, false, "the ledger holds something that cannot be read back";
    ResourceNotFound = "RESOURCE_NOT_FOUND", Refusal, false, "no such record exists for this tenant";
    ResourceIdMissing = "RESOURCE_ID_MISSING", Refusal, false, "the resource address names no record";
    // the record again
    RerunInputsMissing = "RERUN_INPUTS_MISSING", Refusal, false, "the record or the config does not hold everything that a rerun needs";
    // the decision
    ProposalNotFound = "PROPOSAL_NOT_FOUND", Refusal, false, "the ledger holds no such proposal";
    ProposalIdAmbiguous = "PROPOSAL_ID_AMBIGUOUS", Refusal, false, "more than one proposal starts with that prefix";
    RecordNotFound = "RECORD_NOT_FOUND", Refusal, false, "the ledger holds no such record";
    RecordIdAmbiguous = "RECORD_ID_AMBIGUOUS", Refusal, false, "more than one record of the kind starts with that prefix";
    ProposalNotPendingReview = "PROPOSAL_NOT_PENDING_REVIEW", Refusal, false, "the proposal is not waiting for a decision";
    ProposalNotRejectable = "PROPOSAL_NOT_REJECTABLE", Refusal, false, "the proposal can no longer be rejected";
    ProposalNotApproved = "PROPOSAL_NOT_APPROVED", Refusal, false, "the proposal is not approved";
    ProposalHashMismatch = "PROPOSAL_HASH_MISMATCH", Refusal, false, "the stored change set is not the one that was shown or approved";
    ReasonRequired = "REASON_REQUIRED", Refusal, false, "a rejection needs a reason";
    ConfirmationRequired = "CONFIRMATION_REQUIRED", Refusal, false, "the decision was not confirmed";
    ShadowWritebackDisabled = "SHADOW_WRITEBACK_DISABLED", Refusal, false, "shadow proposals are never applied";
    NotShadowProposal = "NOT_SHADOW_PROPOSAL", Refusal, false, "the proposal was made for review, and what a person did is compared with shadow proposals";
    ReadOnlyWritebackDisabled = "READ_ONLY_WRITEBACK_DISABLED", Refusal, false, "writeback is off (`mode: read_only`)";
    // the writeback
    WritebackDisabled = "WRITEBACK_DISABLED", Refusal, false, "the source has no write credential";
    WritebackNotReviewed = "WRITEBACK_NOT_REVIEWED", Refusal, false, "the config no longer allows this change";
    ExecutorUnsupported = "EXECUTOR_UNSUPPORTED", Refusal, false, "the proposal's executor is not one this command can run";
    ExecutorNotConfigured = "EXECUTOR_NOT_CONFIGURED", Refusal, false, "the executor's URL, command, token or secret is not set, or cannot be used";
    ExecutorAddressNotAllowed = "EXECUTOR_ADDRESS_NOT_ALLOWED", Refusal, false, "the executor's URL leads to an address that the config does not allow";
    ExecutorUnavailable = "EXECUTOR_UNAVAILABLE", Failure, true, "the executor cannot be reached; nothing was sent to it";
    ExecutorTurnedAway = "EXECUTOR_TURNED_AWAY", Refusal, false, "the application did not take the request: its address, credential or form is not what the application expects";
    ExecutorFailed = "EXECUTOR_FAILED", Refusal, false, "a rule of the application refused the change; nothing changed";
    ExecutorConflict = "EXECUTOR_CONFLICT", Refusal, false, "the application found another row than the reviewed one; nothing changed";
    ExecutorTimeout = "EXECUTOR_TIMEOUT", Failure, true, "the executor did not answer in time; whether it acted is not known";
    ExecutorAnswerLost = "EXECUTOR_ANSWER_LOST", Failure, true, "the connection to the executor broke, or its command ended, before it had answered; whether it acted is not known";
    ExecutorAnswerInvalid = "EXECUTOR_ANSWER_INVALID", Failure, true, "the executor's answer is too long, no answer to this request, or contradicts itself; whether it acted is not known";
    ProposalNotReopenable = "PROPOSAL_NOT_REOPENABLE", Refusal, false, "only a failed or conflicting attempt of an executor of the application can be tried again";
    TenantGuardMismatch = "TENANT_GUARD_MISMATCH", Refusal, false, "the locked row, or the job, is of another tenant than the proposal";
    VersionConflict = "VERSION_CONFLICT", Refusal, false, "the row's version is not the one that was reviewed";
    RowChangedAfterProposal = "ROW_CHANGED_AFTER_PROPOSAL", Refusal, false, "the row is not the one that was reviewed";
    MultiRowWriteBlocked = "MULTI_ROW_WRITE_BLOCKED", Refusal, false, "the statement would have changed more than one row";
    AfterImageMismatch = "AFTER_IMAGE_MISMATCH", Refusal, false, "the database stored something else than was approved";
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", Refusal, false, "a receipt with this key belongs to another proposal content";
    ReceiptsTableMissing = "RECEIPTS_TABLE_MISSING", Refusal, false, "the receipts table does not exist or has another shape";
    TargetNotTransactional = "TARGET_NOT_TRANSACTIONAL", Refusal, false, "the target cannot be changed in a transaction";
    TargetNotWritable = "TARGET_NOT_WRITABLE", Refusal, false, "the target is not a plain table";
    TargetNotAcknowledged = "TARGET_NOT_ACKNOWLEDGED", Refusal, false, "a trigger, rule, row-level security or cascade acts on the change and the config does not acknowledge it";
    SchemaDrift = "SCHEMA_DRIFT", Refusal, false, "what acts on the change in the source is not what was reviewed";
    SourceReadOnly = "SOURCE_READ_ONLY", Refusal, false, "the source accepts no writes";
    PermissionDenied = "PERMISSION_DENIED", Refusal, false, "the write credential may not do this";
    ConstraintViolated = "CONSTRAINT_VIOLATED", Refusal, false, "the database's own rules refused the change";
    TransactionFailed = "TRANSACTION_FAILED", Failure, true, "the transaction failed and was rolled back";
    DatabaseUnavailable = "DATABASE_UNAVAILABLE", Failure, true, "the source cannot be reached for writing";
    OutcomeUnknown = "OUTCOME_UNKNOWN", Failure, true, "the connection was lost at commit and the source stays away";
    SourceRegressed = "SOURCE_REGRESSED", Refusal, false, "the ledger says applied but the source holds no receipt";
    WritebackJobInvalid = "WRITEBACK_JOB_INVALID", Refusal, false, "the job document does not follow its format";
    WritebackJobMismatch = "WRITEBACK_JOB_MISMATCH", Refusal, false, "the job says something else than the approved proposal in the ledger";
    RunnerScopeMismatch = "RUNNER_SCOPE_MISMATCH", Refusal, false, "the job is for another project, runner, source or engine";
    WritebackLeaseExpired = "WRITEBACK_LEASE_EXPIRED", Refusal, false, "the job's lease is over, or a later one took its place";
    RunnerNotConfigured = "RUNNER_NOT_CONFIGURED", Refusal, false, "something a worker needs is not set, or cannot be used";
    ControlPlaneUnavailable = "CONTROL_PLANE_UNAVAILABLE", Failure, true, "the control plane cannot be reached, or cannot answer now";
    ControlPlaneAnswerInvalid = "CONTROL_PLANE_ANSWER_INVALID", Failure, true, "the control plane's answer is too long or not what was asked for";
    Interrupted = "INTERRUPTED", Failure, true, "the command was told to stop before anything had changed";
    // the pages
    BindNotLocal = "BIND_NOT_LOCAL", Refusal, false, "the address can be reached from other machines and nobody asked for that";
    AddressUnavailable = "ADDRESS_UNAVAILABLE", Failure, false, "the address cannot be listened on";
    // the audit
    McpServerUnavailable = "MCP_SERVER_UNAVAILABLE", Failure, true, "the MCP server to be audited does not start, does not answer in time, or went away";
    McpServerInvalid = "MCP_SERVER_INVALID", Refusal, false, "the MCP server to be audited refuses, floods, or does not speak the protocol";
    // events for somebody else
    WebhookRefused = "WEBHOOK_REFUSED", Refusal, false, "the receiver of events refused one, or is not one that events are sent to";
    WebhookUnavailable = "WEBHOOK_UNAVAILABLE", Failure, true, "the receiver of events does not answer, or not well";
    // the hosted service
    CloudNotConfigured = "CLOUD_NOT_CONFIGURED", Refusal, false, "what the config's `cloud` names is not set where this runs, or cannot be used";
    CloudAddressNotAllowed = "CLOUD_ADDRESS_NOT_ALLOWED", Refusal, false, "the hosted service's URL leads to an address that the config does not allow";
    CloudTokenRefused = "CLOUD_TOKEN_REFUSED", Refusal, false, "the hosted service does not take the runner token, or not for this";
    CloudUnavailable = "CLOUD_UNAVAILABLE", Failure, true, "the hosted service cannot be reached, or cannot answer now; nothing was carried out";
    CloudRefused = "CLOUD_REFUSED", Refusal, false, "the hosted service answered no";
    CloudToolsRefused = "CLOUD_TOOLS_REFUSED", Refusal, false, "nothing that the hosted service lists may be shown to a model";
    CloudAnswerInvalid = "CLOUD_ANSWER_INVALID", Failure, false, "the hosted service's answer is too long, none to this request, or says what must not be";
    CloudOutcomeUnknown = "CLOUD_OUTCOME_UNKNOWN", Failure, false, "a call was sent to the hosted service and no answer came; whether it was carried out is not known";
    // the rest
    ConfigInvalid = "CONFIG_INVALID", Refusal, false, "the config is not valid";
    NotFound = "NOT_FOUND", Refusal, false, "a file or record named on the command line does not exist";
    Internal = "INTERNAL", Bug, false, "an invariant of the runner broke";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that was not carried out, with everything an outsider may be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What was refused and why: lower case, names in backticks, expected and found.
    pub message: String,
    /// What to do next, where there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The handler's own code, for [`Code::HandlerRefused`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler_code: Option<String>,
    /// Whether the source database changed.
    pub source_changed: SourceChanged,
}

impl Refusal {
    /// A refusal that left the source untouched.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            handler_code: None,
            source_changed: SourceChanged::No,
        }
    }

    /// Our own invariant broke; `what` names it.
    pub fn bug(what: impl fmt::Display) -> Self {
        Self::new(Code::Internal, format!("internal error: {what}"))
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With what is known of the source.
    #[must_use]
    pub fn source_changed(mut self, changed: SourceChanged) -> Self {
        self.source_changed = changed;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_the_name_in_screaming_snake() {
        for code in Code::ALL {
            let expected = crate::problem::screaming_snake(&format!("{code:?}"));
            assert_eq!(code.as_str(), expected);
            assert_eq!(serde_json::json!(code), serde_json::json!(expected));
        }
    }

    #[test]
    fn only_failures_are_worth_repeating() {
        for code in Code::ALL.iter().filter(|code| code.retryable()) {
            assert!(code.kind() == Kind::Failure || *code == Code::GuestDeadline, "{code}");
        }
    }
}
