//! Every problem code: its name, whether it is an error or a warning, and its meaning in one line.
//!
//! Invariant: a code is never renamed or reused. `docs/reference/config-problems.md` is generated from this list.

pub use synapsor_protocol::problem::Severity;

synapsor_protocol::problem_codes! {
    "The text" {
        ConfigTooLarge = "CONFIG_TOO_LARGE", Error, "the text is longer than 1 MiB";
        ByteOrderMark = "BYTE_ORDER_MARK", Error, "the text starts with a byte order mark";
        InvalidJson = "INVALID_JSON", Error, "the text is not JSON (comments and trailing commas are not)";
        TrailingData = "TRAILING_DATA", Error, "something follows the JSON document";
        ConfigTooDeep = "CONFIG_TOO_DEEP", Error, "objects and lists are nested more than 64 deep";
        DuplicateKey = "DUPLICATE_KEY", Error, "an object has the same key twice";
        NumberTooLong = "NUMBER_TOO_LONG", Error, "a number has more than 100 digits when written out";
        ConfigNotObject = "CONFIG_NOT_OBJECT", Error, "the document is not an object";
        ConfigUnreadable = "CONFIG_UNREADABLE", Error, "the config passed every check and still could not be read; please report it";
    }
    "Anywhere" {
        UnknownField = "UNKNOWN_FIELD", Error, "a key is not one the runner knows (`strict: false` allows it)";
        InlineDatabaseUrlForbidden = "INLINE_DATABASE_URL_FORBIDDEN", Error, "a key or a value is a database URL; the config holds names of environment variables only";
        ArbitrarySqlForbidden = "ARBITRARY_SQL_FORBIDDEN", Error, "a key asks for SQL text; the config names tables and columns only";
    }
    "Top level" {
        InvalidSchemaReference = "INVALID_SCHEMA_REFERENCE", Error, "`$schema` is not text";
        UnsupportedConfigVersion = "UNSUPPORTED_CONFIG_VERSION", Error, "`version` is not 1";
        InvalidMode = "INVALID_MODE", Error, "`mode` is not `read_only`, `shadow`, `review` or `cloud`";
        InvalidStrict = "INVALID_STRICT", Error, "`strict` is not true or false";
        InvalidResultFormat = "INVALID_RESULT_FORMAT", Error, "`result_format` is not 1 or 2";
        StorageNotObject = "STORAGE_NOT_OBJECT", Error, "`storage` is not an object";
        InvalidSqlitePath = "INVALID_SQLITE_PATH", Error, "`storage.sqlite_path` is not the path of a file";
        InvalidPostgresUrlEnv = "INVALID_POSTGRES_URL_ENV", Error, "`storage.postgres_url_env` is not the name of an environment variable";
        StorageAmbiguous = "STORAGE_AMBIGUOUS", Error, "`storage` names both a file and a server";
        StorageIsSource = "STORAGE_IS_SOURCE", Error, "the ledger and a source are the same file, or share a credential";
        SourcesRequired = "SOURCES_REQUIRED", Error, "`sources` is not an object with at least one source";
        TrustedContextRequired = "TRUSTED_CONTEXT_REQUIRED", Error, "a capability names no context and there is no `trusted_context`";
        ContextsNotObject = "CONTEXTS_NOT_OBJECT", Error, "`contexts` is not an object";
        InvalidContextName = "INVALID_CONTEXT_NAME", Error, "a context's name is reserved or has characters a name may not have";
        ExecutorsNotObject = "EXECUTORS_NOT_OBJECT", Error, "`executors` is not an object";
        InvalidExecutorName = "INVALID_EXECUTOR_NAME", Error, "an executor's name is reserved or has characters a name may not have";
        CapabilitiesRequired = "CAPABILITIES_REQUIRED", Error, "`capabilities` is not a list with at least one capability";
    }
    "Keeping the ledger" {
        LedgerNotObject = "LEDGER_NOT_OBJECT", Error, "`ledger` is not an object";
        InvalidLedgerKey = "INVALID_LEDGER_KEY", Error, "`ledger.key_path` is not the path of a file, or `ledger.key_env` is not the name of an environment variable";
        LedgerKeyExclusive = "LEDGER_KEY_EXCLUSIVE", Error, "`ledger` has both a `key_path` and a `key_env`";
        RetentionNotObject = "RETENTION_NOT_OBJECT", Error, "`ledger.retention` is not an object";
        InvalidRetentionDays = "INVALID_RETENTION_DAYS", Error, "a number of days is not a whole number from 1 to 36500";
        RetentionDaysRequired = "RETENTION_DAYS_REQUIRED", Error, "`ledger.retention` has neither `evidence_days` nor `proposals_days`";
        ArchiveDirRequired = "ARCHIVE_DIR_REQUIRED", Error, "`ledger.retention.archive_dir` is not the path of a folder";
        CheckpointNotObject = "CHECKPOINT_NOT_OBJECT", Error, "`ledger.checkpoint` is not an object";
        CheckpointEventsRequired = "CHECKPOINT_EVENTS_REQUIRED", Error, "`ledger.checkpoint.every_events` is not a positive whole number";
        InvalidCheckpointOutput = "INVALID_CHECKPOINT_OUTPUT", Error, "`ledger.checkpoint.output` is not the path of a file";
        InvalidReadsWaitForDisk = "INVALID_READS_WAIT_FOR_DISK", Error, "`ledger.reads_wait_for_disk` is not true or false";
        CheckpointBesideLedger = "CHECKPOINT_BESIDE_LEDGER", Warning, "checkpoints are kept beside the ledger, which guards against mistakes only";
    }
    "Sources" {
        UnsafeSourceName = "UNSAFE_SOURCE_NAME", Error, "a source's name is not an identifier";
        SourceNotObject = "SOURCE_NOT_OBJECT", Error, "a source is not an object";
        InvalidSourceEngine = "INVALID_SOURCE_ENGINE", Error, "`engine` is not `sqlite`, `postgres` or `mysql`";
        ReadUrlEnvRequired = "READ_URL_ENV_REQUIRED", Error, "a server source does not name the variable that holds its reading URL";
        InvalidWriteUrlEnv = "INVALID_WRITE_URL_ENV", Error, "`write_url_env` is not the name of an environment variable";
        SourcePathRequired = "SOURCE_PATH_REQUIRED", Error, "a `sqlite` source has no `path`";
        InvalidSourcePath = "INVALID_SOURCE_PATH", Error, "a `sqlite` source's `path` is not the path of a file";
        SourcePathNotAllowed = "SOURCE_PATH_NOT_ALLOWED", Error, "only a `sqlite` source has a `path`";
        SourceUrlEnvNotAllowed = "SOURCE_URL_ENV_NOT_ALLOWED", Error, "a `sqlite` source is a file and has no URL";
        InvalidTimeout = "INVALID_TIMEOUT", Error, "`statement_timeout_ms` is not a positive whole number";
        InvalidSourceReadOnly = "INVALID_SOURCE_READ_ONLY", Error, "`read_only` is not true or false";
        InvalidSourceReceipts = "INVALID_SOURCE_RECEIPTS", Error, "`receipts` is not `auto` or `precreated`";
        ReadOnlySourceDirectWriteback = "READ_ONLY_SOURCE_DIRECT_WRITEBACK", Error, "a proposal writes directly to a source that is `read_only`";
        WritebackDisabled = "WRITEBACK_DISABLED", Warning, "a proposal's source names no `write_url_env`, so nothing can be applied";
        SslIgnored = "SSL_IGNORED", Warning, "`ssl` has no effect: whether a connection is encrypted is what its URL says";
        SharedCredentialEnv = "SHARED_CREDENTIAL_ENV", Warning, "reading and writing use the same credential";
    }
    "Contexts" {
        TrustedContextNotObject = "TRUSTED_CONTEXT_NOT_OBJECT", Error, "a context is not an object";
        InvalidContextProvider = "INVALID_CONTEXT_PROVIDER", Error, "`provider` is not `environment`, `static_dev`, `http_claims` or `cloud_session`";
        ContextValuesNotObject = "CONTEXT_VALUES_NOT_OBJECT", Error, "`values` is not an object";
        InvalidContextValue = "INVALID_CONTEXT_VALUE", Error, "one of `values` is not the text it should be";
        ContextValueRequired = "CONTEXT_VALUE_REQUIRED", Error, "a `static_dev` context says neither the tenant or principal nor where to find it";
        ContextValueIgnored = "CONTEXT_VALUE_IGNORED", Warning, "one of `values` means nothing to this provider";
        StaticDevContext = "STATIC_DEV_CONTEXT", Warning, "tenant and principal are literals; for development only";
        SharedContextEnv = "SHARED_CONTEXT_ENV", Warning, "tenant and principal come from the same variable";
    }
    "Authentication and rate limits" {
        AuthenticationNotObject = "AUTHENTICATION_NOT_OBJECT", Error, "`authentication` is not an object";
        InvalidIssuer = "INVALID_ISSUER", Error, "`authentication.issuer` is not an https URL (http only on this machine)";
        InvalidResourceUrl = "INVALID_RESOURCE_URL", Error, "`authentication.resource_url` is not an https URL (http only on this machine)";
        InvalidAudience = "INVALID_AUDIENCE", Error, "`authentication.audience` is not text";
        JwksRequired = "JWKS_REQUIRED", Error, "`authentication` has neither or both of `jwks_url` and `jwks_path`";
        InvalidJwksUrl = "INVALID_JWKS_URL", Error, "`authentication.jwks_url` is not an https URL (http only on this machine)";
        InvalidJwksPath = "INVALID_JWKS_PATH", Error, "`authentication.jwks_path` is not the path of a file";
        InvalidTokenAlgorithms = "INVALID_TOKEN_ALGORITHMS", Error, "`authentication.algorithms` is not a list of `RS256`, `ES256` and `EdDSA`, each once";
        InvalidLeeway = "INVALID_LEEWAY", Error, "`authentication.leeway_seconds` is not a whole number from 1 to 300";
        InvalidScope = "INVALID_SCOPE", Error, "a scope is empty or has characters a scope cannot have";
        ClaimsNotVerified = "CLAIMS_NOT_VERIFIED", Warning, "an `http_claims` context without `authentication`: no call of it can be carried out";
        RateLimitsNotObject = "RATE_LIMITS_NOT_OBJECT", Error, "`rate_limits` is not an object";
        InvalidRateLimit = "INVALID_RATE_LIMIT", Error, "a rate limit is not a whole number from 1 to 1000000";
    }
    "Prompts" {
        PromptsNotList = "PROMPTS_NOT_LIST", Error, "`prompts` is not a list";
        PromptNotObject = "PROMPT_NOT_OBJECT", Error, "a prompt is not an object";
        InvalidPromptName = "INVALID_PROMPT_NAME", Error, "a prompt's `name` is missing, built in, or not a name that every client takes and no tool has";
        DuplicatePromptName = "DUPLICATE_PROMPT_NAME", Error, "two prompts have the same name";
        InvalidPromptText = "INVALID_PROMPT_TEXT", Error, "a prompt's `title` or `description` is not text";
        InvalidPromptArgument = "INVALID_PROMPT_ARGUMENT", Error, "an argument of a prompt has no identifier for a name, or a `description`, `required` or `enum` that is none";
        InvalidPromptTemplate = "INVALID_PROMPT_TEMPLATE", Error, "a prompt's `template` is missing, too long, or has `{{` without the name of an argument and `}}`";
        UnknownPromptArgument = "UNKNOWN_PROMPT_ARGUMENT", Error, "a template names an argument its prompt does not declare";
        UnusedPromptArgument = "UNUSED_PROMPT_ARGUMENT", Warning, "a prompt declares an argument its template has no place for";
    }
    "Handlers" {
        HandlersNotObject = "HANDLERS_NOT_OBJECT", Error, "`handlers` is not an object";
        InvalidHandlerTrust = "INVALID_HANDLER_TRUST", Error, "`handlers.trust` is not a list of objects with `name` and `public_key`";
        InvalidTrustedName = "INVALID_TRUSTED_NAME", Error, "a trusted key's `name` is missing, is no name, or stands there twice";
        InvalidTrustedKey = "INVALID_TRUSTED_KEY", Error, "a trusted key's `public_key` is missing, is no Ed25519 public key, or stands there twice";
        InvalidRequireSignature = "INVALID_REQUIRE_SIGNATURE", Error, "`handlers.require_signature` is not true or false";
        TrustedKeysRequired = "TRUSTED_KEYS_REQUIRED", Error, "`handlers.require_signature` is set and no key is trusted";
        InvalidHandlerIsolation = "INVALID_HANDLER_ISOLATION", Error, "`handlers.isolation` is not `process` or `in_process`";
        InvalidHandlerCache = "INVALID_HANDLER_CACHE", Error, "`handlers.cache` is not true or false";
    }
    "Executors" {
        ExecutorNotObject = "EXECUTOR_NOT_OBJECT", Error, "an executor is not an object";
        InvalidExecutorType = "INVALID_EXECUTOR_TYPE", Error, "`type` is not `http_handler` or `command_handler`";
        HandlerUrlEnvRequired = "HANDLER_URL_ENV_REQUIRED", Error, "an `http_handler` does not name the variable that holds its URL";
        InvalidHandlerMethod = "INVALID_HANDLER_METHOD", Error, "`method` is not `POST`, `PUT` or `PATCH`";
        ExecutorAuthNotObject = "EXECUTOR_AUTH_NOT_OBJECT", Error, "`auth` is not an object";
        InvalidExecutorAuth = "INVALID_EXECUTOR_AUTH", Error, "`auth.type` is not `bearer_env`";
        ExecutorTokenEnvRequired = "EXECUTOR_TOKEN_ENV_REQUIRED", Error, "`auth` does not name the variable that holds the token";
        HandlerSigningSecretEnvInvalid = "HANDLER_SIGNING_SECRET_ENV_INVALID", Error, "a secret's variable is not the name of an environment variable, or there is a next one without a present one";
        InvalidSigningKeyId = "INVALID_SIGNING_KEY_ID", Error, "a `signing_key_id` is no name, has no secret, or is the one of both secrets";
        InvalidPrivateAddresses = "INVALID_PRIVATE_ADDRESSES", Error, "`private_addresses` is not true or false";
        InvalidCommandEnvironment = "INVALID_COMMAND_ENVIRONMENT", Error, "`environment` is not a list of names of environment variables";
        CommandEnvRequired = "COMMAND_ENV_REQUIRED", Error, "a `command_handler` does not name the variable that holds its command";
        InvalidHandlerTimeout = "INVALID_HANDLER_TIMEOUT", Error, "an executor's `timeout_ms` is not a positive whole number";
        ExecutorInvalidInReadOnly = "EXECUTOR_INVALID_IN_READ_ONLY", Error, "`mode: read_only` has no use for an executor";
    }
    "Capabilities" {
        CapabilityNotObject = "CAPABILITY_NOT_OBJECT", Error, "a capability is not an object";
        InvalidCapabilityName = "INVALID_CAPABILITY_NAME", Error, "`name` is not two identifiers with one dot between";
        DuplicateCapabilityName = "DUPLICATE_CAPABILITY_NAME", Error, "two capabilities have the same name, or names that differ in case only";
        InvalidCapabilityKind = "INVALID_CAPABILITY_KIND", Error, "`kind` is not `read` or `proposal`";
        InvalidCapabilityDescription = "INVALID_CAPABILITY_DESCRIPTION", Error, "`description` is not text";
        InvalidReturnsHint = "INVALID_RETURNS_HINT", Error, "`returns_hint` is not text";
        UnknownSource = "UNKNOWN_SOURCE", Error, "`source` is not one of `sources`";
        UnknownContext = "UNKNOWN_CONTEXT", Error, "`context` is not one of `contexts`";
        InvalidExecutorReference = "INVALID_EXECUTOR_REFERENCE", Error, "`executor` is not a name";
        UnknownExecutor = "UNKNOWN_EXECUTOR", Error, "`executor` is neither `sql_update` nor one of `executors`";
        InvalidCapabilityScopes = "INVALID_CAPABILITY_SCOPES", Error, "`scopes` is not a list of scopes, each once";
        ScopesNotVerified = "SCOPES_NOT_VERIFIED", Warning, "`scopes` without `authentication`: nobody's scopes are known, so they keep nobody out";
        InvalidMaxRows = "INVALID_MAX_ROWS", Error, "`max_rows` is not a positive whole number";
        MaxRowsIgnored = "MAX_ROWS_IGNORED", Warning, "`max_rows` above 1 changes nothing: a lookup is by primary key";
        SingleTenantDevAckIgnored = "SINGLE_TENANT_DEV_ACK_IGNORED", Warning, "`single_tenant_dev_ack` has no effect: `target.single_tenant_dev` says it";
        InvalidEvidence = "INVALID_EVIDENCE", Error, "`evidence` is not text";
        ProposalFieldOnRead = "PROPOSAL_FIELD_ON_READ", Error, "a `read` capability has a key only a proposal may have";
    }
    "Targets and columns" {
        TargetRequired = "TARGET_REQUIRED", Error, "`target` is not an object";
        InvalidTargetIdentifier = "INVALID_TARGET_IDENTIFIER", Error, "`schema`, `table`, `primary_key` or `tenant_key` is not an identifier";
        SqliteSchemaNotMain = "SQLITE_SCHEMA_NOT_MAIN", Error, "the schema of a `sqlite` source is always `main`";
        TenantGuardRequired = "TENANT_GUARD_REQUIRED", Error, "`target` has no `tenant_key`, and `single_tenant_dev` is not true";
        InvalidSingleTenantDev = "INVALID_SINGLE_TENANT_DEV", Error, "`single_tenant_dev` is not true or false";
        SingleTenantDevException = "SINGLE_TENANT_DEV_EXCEPTION", Warning, "rows are not scoped to a tenant; for development only";
        SingleTenantDevIgnored = "SINGLE_TENANT_DEV_IGNORED", Warning, "`single_tenant_dev` means nothing beside a `tenant_key`";
        VisibleColumnsRequired = "VISIBLE_COLUMNS_REQUIRED", Error, "`visible_columns` is not a list with at least one column";
        InvalidVisibleColumn = "INVALID_VISIBLE_COLUMN", Error, "a visible column is not an identifier";
        RedactNotList = "REDACT_NOT_LIST", Error, "`redact` is not a list of columns";
        InvalidRedactColumn = "INVALID_REDACT_COLUMN", Error, "a redacted column is not an identifier";
        RedactColumnNotVisible = "REDACT_COLUMN_NOT_VISIBLE", Error, "a redacted column is not one of `visible_columns`, so nothing would keep it anyway";
        RedactColumnNeeded = "REDACT_COLUMN_NEEDED", Error, "a redacted column is one the record needs: the key, the tenant, the version, one that may be changed, or a present state";
        RedactColumnInRead = "REDACT_COLUMN_IN_READ", Error, "a declared read hands over a column that the capability redacts";
        DuplicateColumn = "DUPLICATE_COLUMN", Error, "a list names a column twice, or in two spellings that differ in case only";
    }
    "Arguments" {
        ArgsRequired = "ARGS_REQUIRED", Error, "`args` is not an object with at least one argument";
        ArgNotObject = "ARG_NOT_OBJECT", Error, "an argument is not an object";
        InvalidArgName = "INVALID_ARG_NAME", Error, "an argument's name is not an identifier";
        ModelControlledReservedArg = "MODEL_CONTROLLED_RESERVED_ARG", Error, "an argument's name is that of something only the runner may set";
        InvalidArgType = "INVALID_ARG_TYPE", Error, "`type` is not `string`, `number` or `boolean`";
        InvalidArgRequired = "INVALID_ARG_REQUIRED", Error, "`required` is not true or false";
        InvalidArgDescription = "INVALID_ARG_DESCRIPTION", Error, "an argument's `description` is not text";
        InvalidMaxLength = "INVALID_MAX_LENGTH", Error, "`max_length` is not a positive whole number";
        MaxLengthIgnored = "MAX_LENGTH_IGNORED", Warning, "`max_length` means nothing for an argument that is not text";
        NumericBoundsRequireNumber = "NUMERIC_BOUNDS_REQUIRE_NUMBER", Error, "`minimum` or `maximum` on an argument that is not a number";
        InvalidMinimum = "INVALID_MINIMUM", Error, "`minimum` is not a number";
        InvalidMaximum = "INVALID_MAXIMUM", Error, "`maximum` is not a number";
        InvalidNumericRange = "INVALID_NUMERIC_RANGE", Error, "`minimum` is above `maximum`";
        InvalidEnum = "INVALID_ENUM", Error, "`enum` is not a list of at least one value, each once";
        EnumValueTypeMismatch = "ENUM_VALUE_TYPE_MISMATCH", Error, "an `enum` value is not of the argument's type";
        EnumValueOutOfRange = "ENUM_VALUE_OUT_OF_RANGE", Error, "an `enum` value breaks the argument's own limits";
        LookupRequired = "LOOKUP_REQUIRED", Error, "`lookup` is not an object";
        LookupArgRequired = "LOOKUP_ARG_REQUIRED", Error, "`lookup.id_from_arg` is not the name of an argument";
        UnknownLookupArg = "UNKNOWN_LOOKUP_ARG", Error, "`lookup.id_from_arg` is not one of `args`";
        LookupArgOptional = "LOOKUP_ARG_OPTIONAL", Error, "the argument that carries the primary key is optional";
    }
    "What a proposal may change" {
        PatchRequired = "PATCH_REQUIRED", Error, "a proposal has neither a `patch` with at least one column nor a `handler`";
        PatchAndHandlerExclusive = "PATCH_AND_HANDLER_EXCLUSIVE", Error, "a proposal has both a `patch` and a `handler`";
        InvalidPatchColumn = "INVALID_PATCH_COLUMN", Error, "a patched column is not an identifier";
        PatchColumnNotAllowed = "PATCH_COLUMN_NOT_ALLOWED", Error, "a patched column is not one of `allowed_columns`";
        PatchBindingNotObject = "PATCH_BINDING_NOT_OBJECT", Error, "a patch binding is not an object";
        InvalidPatchBinding = "INVALID_PATCH_BINDING", Error, "a patch binding is not exactly one of `fixed` (a scalar) and `from_arg`";
        InvalidPatchArg = "INVALID_PATCH_ARG", Error, "`from_arg` is not the name of an argument";
        UnknownPatchArg = "UNKNOWN_PATCH_ARG", Error, "`from_arg` is not one of `args`";
        AllowedColumnsRequired = "ALLOWED_COLUMNS_REQUIRED", Error, "`allowed_columns` is not a list with at least one column";
        InvalidAllowedColumn = "INVALID_ALLOWED_COLUMN", Error, "an allowed column is not an identifier";
        AllowedColumnProtected = "ALLOWED_COLUMN_PROTECTED", Error, "an allowed column is the key, the tenant or the version column";
        NumericBoundsNotObject = "NUMERIC_BOUNDS_NOT_OBJECT", Error, "`numeric_bounds` is not an object";
        InvalidNumericBoundColumn = "INVALID_NUMERIC_BOUND_COLUMN", Error, "a bounded column is not an identifier";
        NumericBoundPatchColumnRequired = "NUMERIC_BOUND_PATCH_COLUMN_REQUIRED", Error, "a bounded column is not one the proposal can change";
        NumericBoundNotObject = "NUMERIC_BOUND_NOT_OBJECT", Error, "a numeric bound is not an object";
        NumericBoundEmpty = "NUMERIC_BOUND_EMPTY", Error, "a numeric bound has neither `minimum` nor `maximum`";
        NumericBoundArgNotNumber = "NUMERIC_BOUND_ARG_NOT_NUMBER", Error, "a bounded column takes its value from an argument that is not a number";
        FixedValueOutOfBounds = "FIXED_VALUE_OUT_OF_BOUNDS", Error, "a fixed value is not a number within the column's bounds";
        TransitionGuardsNotObject = "TRANSITION_GUARDS_NOT_OBJECT", Error, "`transition_guards` is not an object";
        InvalidTransitionGuardColumn = "INVALID_TRANSITION_GUARD_COLUMN", Error, "a guarded column is not an identifier";
        TransitionPatchColumnRequired = "TRANSITION_PATCH_COLUMN_REQUIRED", Error, "a guarded column is not one the proposal can change";
        TransitionGuardNotObject = "TRANSITION_GUARD_NOT_OBJECT", Error, "a transition guard is not an object";
        InvalidTransitionFromColumn = "INVALID_TRANSITION_FROM_COLUMN", Error, "`from_column` is not an identifier";
        TransitionFromColumnNotVisible = "TRANSITION_FROM_COLUMN_NOT_VISIBLE", Error, "the column that holds the present state is not read";
        TransitionAllowedRequired = "TRANSITION_ALLOWED_REQUIRED", Error, "`allowed` is not an object with at least one state";
        TransitionFromRequired = "TRANSITION_FROM_REQUIRED", Error, "a present state is empty";
        TransitionToValuesRequired = "TRANSITION_TO_VALUES_REQUIRED", Error, "the next states are not a list of at least one text";
        TransitionArgNotString = "TRANSITION_ARG_NOT_STRING", Error, "a guarded column takes its value from an argument that is not text";
        FixedValueNeverAllowed = "FIXED_VALUE_NEVER_ALLOWED", Error, "no transition leads to the fixed value";
        ConflictGuardRequired = "CONFLICT_GUARD_REQUIRED", Error, "`conflict_guard` is neither `{column}` nor `{weak_guard_ack: true}`";
        ConflictGuardColumnRequired = "CONFLICT_GUARD_COLUMN_REQUIRED", Error, "`conflict_guard.column` is not an identifier";
        ConflictGuardColumnProtected = "CONFLICT_GUARD_COLUMN_PROTECTED", Error, "the version column is the key or the tenant column, which never move";
        InvalidConflictGuardAdvance = "INVALID_CONFLICT_GUARD_ADVANCE", Error, "`advance` is not `increment` or `now`";
        AdvanceRequiresColumn = "ADVANCE_REQUIRES_COLUMN", Error, "`advance` without a version `column`";
        WeakGuardAckIgnored = "WEAK_GUARD_ACK_IGNORED", Warning, "`weak_guard_ack` means nothing beside a version column";
        InvalidTargetAcknowledgements = "INVALID_TARGET_ACKNOWLEDGEMENTS", Error, "`target_acknowledgements` is not a list";
        InvalidTargetAcknowledgement = "INVALID_TARGET_ACKNOWLEDGEMENT", Error, "an acknowledgement is not `kind`, `name` and `digest`";
        DuplicateTargetAcknowledgement = "DUPLICATE_TARGET_ACKNOWLEDGEMENT", Error, "one thing of the target is acknowledged twice";
        ApprovalNotObject = "APPROVAL_NOT_OBJECT", Error, "`approval` is not an object";
        InvalidApproval = "INVALID_APPROVAL", Error, "`approval.mode` or `approval.required_role` is not text";
        ApprovalModeIgnored = "APPROVAL_MODE_IGNORED", Warning, "a person decides, whatever `approval.mode` says";
    }
    "Handlers" {
        HandlerNotObject = "HANDLER_NOT_OBJECT", Error, "`handler` is not an object";
        HandlerBundleRequired = "HANDLER_BUNDLE_REQUIRED", Error, "`handler.bundle` is not the path of a folder";
        HandlerBundleEscapes = "HANDLER_BUNDLE_ESCAPES", Error, "`handler.bundle` is not below the config's own folder";
        HandlerDigestRequired = "HANDLER_DIGEST_REQUIRED", Error, "`handler.digest` does not pin the component";
        InvalidHandlerDigest = "INVALID_HANDLER_DIGEST", Error, "`handler.digest` is not `sha256:` and 64 lower-case hex digits";
        HandlerSettingsNotObject = "HANDLER_SETTINGS_NOT_OBJECT", Error, "`handler.settings` is not an object";
        InvalidHandlerSetting = "INVALID_HANDLER_SETTING", Error, "a handler setting's name is not an identifier, or its value is not a scalar";
        HandlerSettingLooksSecret = "HANDLER_SETTING_LOOKS_SECRET", Warning, "a handler setting is named like a secret; settings are recorded and shown";
        HandlerLimitsNotObject = "HANDLER_LIMITS_NOT_OBJECT", Error, "`handler.limits` is not an object";
        InvalidHandlerLimit = "INVALID_HANDLER_LIMIT", Error, "a handler limit is not a positive whole number";
        HandlerShadowNotObject = "HANDLER_SHADOW_NOT_OBJECT", Error, "`handler.shadow` is not an object";
        HandlerShadowIsLive = "HANDLER_SHADOW_IS_LIVE", Warning, "`handler.shadow` pins the component that is live, so there is nothing to compare";
        InvalidHandlerWasi = "INVALID_HANDLER_WASI", Error, "`handler.wasi` is not `deny_all`";
        ReadsNotObject = "READS_NOT_OBJECT", Error, "`reads` is not an object";
        ReadsRequireHandler = "READS_REQUIRE_HANDLER", Error, "`reads` without a `handler` to ask for them";
        InvalidReadName = "INVALID_READ_NAME", Error, "a declared read's name is not an identifier";
        ReadNotObject = "READ_NOT_OBJECT", Error, "a declared read is not an object";
        ReadColumnsRequired = "READ_COLUMNS_REQUIRED", Error, "a declared read's `columns` is not a list with at least one column";
        InvalidReadColumn = "INVALID_READ_COLUMN", Error, "a declared read's column is not an identifier";
        InvalidReadFilter = "INVALID_READ_FILTER", Error, "a declared read's `filters` is not a list of identifiers";
        ReadFilterOnTenant = "READ_FILTER_ON_TENANT", Error, "a declared read filters by the tenant column, which the runner sets";
        InvalidReadRowsMax = "INVALID_READ_ROWS_MAX", Error, "a declared read's `rows_max` is not a positive whole number";
    }
    "Cloud" {
        CloudConfigOnlyForCloudMode = "CLOUD_CONFIG_ONLY_FOR_CLOUD_MODE", Error, "`cloud` in another mode than `cloud`";
        CloudConfigRequired = "CLOUD_CONFIG_REQUIRED", Error, "`mode: cloud` without a `cloud` object";
        CloudBaseUrlEnvRequired = "CLOUD_BASE_URL_ENV_REQUIRED", Error, "`cloud` does not name the variable that holds the service's URL";
        CloudRunnerTokenEnvRequired = "CLOUD_RUNNER_TOKEN_ENV_REQUIRED", Error, "`cloud` does not name the variable that holds the runner's token";
        CloudAdapterIdRequired = "CLOUD_ADAPTER_ID_REQUIRED", Error, "`cloud.adapter_id` is not text";
        InvalidCloudRunnerId = "INVALID_CLOUD_RUNNER_ID", Error, "`cloud.runner_id` is not text";
        InvalidCloudRunnerVersion = "INVALID_CLOUD_RUNNER_VERSION", Error, "`cloud.runner_version` is not text";
        InvalidCloudProjectId = "INVALID_CLOUD_PROJECT_ID", Error, "`cloud.project_id` is not text";
        InvalidCloudSourceId = "INVALID_CLOUD_SOURCE_ID", Error, "`cloud.source_id` is not text";
        InvalidCloudEngines = "INVALID_CLOUD_ENGINES", Error, "`cloud.engines` is not a list of engine names";
        InvalidCloudCapabilities = "INVALID_CLOUD_CAPABILITIES", Error, "`cloud.capabilities` is not a list of texts";
        InvalidCloudSession = "INVALID_CLOUD_SESSION", Error, "`cloud.session` is not an object";
        InvalidCloudTimeout = "INVALID_CLOUD_TIMEOUT", Error, "`cloud.timeout_ms` is not a whole number of milliseconds up to two minutes";
        InvalidCloudPrivateAddresses = "INVALID_CLOUD_PRIVATE_ADDRESSES", Error, "`cloud.private_addresses` is not true or false";
        CallersShareSession = "CALLERS_SHARE_SESSION", Warning, "`authentication` with `mode: cloud` tells callers apart, and nothing says that each has a session of its own";
        CapabilitiesNotServed = "CAPABILITIES_NOT_SERVED", Warning, "`capabilities` with `mode: cloud`, in which the hosted service's tools are served and no other";
    }
}
