//! Every rule, as data: an example, an edit that breaks it, and the code and path that must answer.

use std::collections::BTreeSet;

use expect_test::expect;
use synapsor_config::{Problem, ProblemCode, Severity, check};

use crate::fixture::{edited, text};

/// Example, edits, code, path.
#[rustfmt::skip]
pub(crate) const CASES: &[(&str, &str, &str, &str)] = &[
    // anywhere
    ("shop", "/storge = {}", "UNKNOWN_FIELD", "$.storge"),
    ("shop", "/storage/path = 1", "UNKNOWN_FIELD", "$.storage.path"),
    ("shop", "/sources/shop_db/engin = 1", "UNKNOWN_FIELD", "$.sources.shop_db.engin"),
    ("shop", "/contexts/desk/values/tenant = 1", "UNKNOWN_FIELD", "$.contexts.desk.values.tenant"),
    ("shop", "/executors/ledger_api/auth/token = 1", "UNKNOWN_FIELD", "$.executors.ledger_api.auth.token"),
    ("shop", "/capabilities/0/where = 1", "UNKNOWN_FIELD", "$.capabilities[0].where"),
    ("shop", "/capabilities/0/args/order_id/pattern = 1", "UNKNOWN_FIELD", "$.capabilities[0].args.order_id.pattern"),
    ("shop", "/capabilities/0/target/where = 1", "UNKNOWN_FIELD", "$.capabilities[0].target.where"),
    ("shop", "/capabilities/1/patch/note/template = 1", "UNKNOWN_FIELD", "$.capabilities[1].patch.note.template"),
    ("shop", "/capabilities/1/approval/policy = 1", "UNKNOWN_FIELD", "$.capabilities[1].approval.policy"),
    ("late-fee", "/capabilities/1/handler/limits/cpu = 1", "UNKNOWN_FIELD", "$.capabilities[1].handler.limits.cpu"),
    ("late-fee", "/capabilities/1/reads/customer/limit = 1", "UNKNOWN_FIELD", "$.capabilities[1].reads.customer.limit"),
    ("cloud", r#"/cloud/url_env = "A""#, "UNKNOWN_FIELD", "$.cloud.url_env"),
    ("shop", r#"/sources/shop_db/url = "A""#, "INLINE_DATABASE_URL_FORBIDDEN", "$.sources.shop_db.url"),
    ("shop", r#"/sources/shop_db/readUrl = "A""#, "INLINE_DATABASE_URL_FORBIDDEN", "$.sources.shop_db.readUrl"),
    ("cloud", "/cloud/session/connection_string = 1", "INLINE_DATABASE_URL_FORBIDDEN", "$.cloud.session.connection_string"),
    ("shop", "/capabilities/1/patch/url = {}", "INLINE_DATABASE_URL_FORBIDDEN", "$.capabilities[1].patch.url"),
    ("shop", r#"/capabilities/0/description = "MySQL://u:p@h/d""#, "INLINE_DATABASE_URL_FORBIDDEN", "$.capabilities[0].description"),
    ("shop", r#"/strict = false ; /capabilities/0/extra = {"a": [{"databaseUrl": 1}]}"#, "INLINE_DATABASE_URL_FORBIDDEN", "$.capabilities[0].extra.a[0].databaseUrl"),
    ("shop", r#"/capabilities/0/sql = "select 1""#, "ARBITRARY_SQL_FORBIDDEN", "$.capabilities[0].sql"),
    ("shop", r#"/capabilities/0/lookup/rawSql = "1""#, "ARBITRARY_SQL_FORBIDDEN", "$.capabilities[0].lookup.rawSql"),
    // top level
    ("shop", "/$schema = 1", "INVALID_SCHEMA_REFERENCE", "$.$schema"),
    ("shop", "/version = 2", "UNSUPPORTED_CONFIG_VERSION", "$.version"),
    ("shop", r#"/version = "1""#, "UNSUPPORTED_CONFIG_VERSION", "$.version"),
    ("shop", "/version -", "UNSUPPORTED_CONFIG_VERSION", "$.version"),
    ("shop", r#"/mode = "write""#, "INVALID_MODE", "$.mode"),
    ("shop", "/mode -", "INVALID_MODE", "$.mode"),
    ("shop", r#"/strict = "no""#, "INVALID_STRICT", "$.strict"),
    ("shop", "/result_format = 3", "INVALID_RESULT_FORMAT", "$.result_format"),
    ("shop", r#"/result_format = "1""#, "INVALID_RESULT_FORMAT", "$.result_format"),
    ("shop", "/storage = []", "STORAGE_NOT_OBJECT", "$.storage"),
    ("shop", r#"/storage/sqlite_path = """#, "INVALID_SQLITE_PATH", "$.storage.sqlite_path"),
    ("shop", "/storage/sqlite_path = null", "INVALID_SQLITE_PATH", "$.storage.sqlite_path"),
    ("shop", r#"/storage/sqlite_path = ":memory:""#, "INVALID_SQLITE_PATH", "$.storage.sqlite_path"),
    ("shop", r#"/storage = {"postgres_url_env": ""}"#, "INVALID_POSTGRES_URL_ENV", "$.storage.postgres_url_env"),
    ("shop", r#"/storage = {"postgres_url_env": "a-b"}"#, "INVALID_POSTGRES_URL_ENV", "$.storage.postgres_url_env"),
    ("shop", r#"/storage/postgres_url_env = "LEDGER_URL""#, "STORAGE_AMBIGUOUS", "$.storage.postgres_url_env"),
    ("shop", r#"/storage = {"postgres_url_env": "SHOP_WRITE_URL"}"#, "STORAGE_IS_SOURCE", "$.storage.postgres_url_env"),
    ("shop", r#"/storage = {"postgres_url_env": "postgres://ledger:hunter2@db/books"}"#, "INLINE_DATABASE_URL_FORBIDDEN", "$.storage.postgres_url_env"),
    ("shop", "/ledger = []", "LEDGER_NOT_OBJECT", "$.ledger"),
    ("shop", r#"/ledger = {"retain": 1}"#, "UNKNOWN_FIELD", "$.ledger.retain"),
    ("shop", r#"/ledger = {"key_path": ""}"#, "INVALID_LEDGER_KEY", "$.ledger.key_path"),
    ("shop", r#"/ledger = {"key_env": "-----BEGIN"}"#, "INVALID_LEDGER_KEY", "$.ledger.key_env"),
    ("shop", r#"/ledger = {"key_env": "KEY", "key_path": "key.pem"}"#, "LEDGER_KEY_EXCLUSIVE", "$.ledger.key_env"),
    ("shop", r#"/ledger = {"retention": 90}"#, "RETENTION_NOT_OBJECT", "$.ledger.retention"),
    ("shop", r#"/ledger = {"retention": {"evidence_days": 0, "archive_dir": "a"}}"#, "INVALID_RETENTION_DAYS", "$.ledger.retention.evidence_days"),
    ("shop", r#"/ledger = {"retention": {"proposals_days": "90d", "archive_dir": "a"}}"#, "INVALID_RETENTION_DAYS", "$.ledger.retention.proposals_days"),
    ("shop", r#"/ledger = {"retention": {"evidence_days": 36501, "archive_dir": "a"}}"#, "INVALID_RETENTION_DAYS", "$.ledger.retention.evidence_days"),
    ("shop", r#"/ledger = {"retention": {"archive_dir": "a"}}"#, "RETENTION_DAYS_REQUIRED", "$.ledger.retention.evidence_days"),
    ("shop", r#"/ledger = {"retention": {"evidence_days": 90}}"#, "ARCHIVE_DIR_REQUIRED", "$.ledger.retention.archive_dir"),
    ("shop", r#"/ledger = {"retention": {"evidence_days": 90, "archive_dir": 1}}"#, "ARCHIVE_DIR_REQUIRED", "$.ledger.retention.archive_dir"),
    ("shop", r#"/ledger = {"checkpoint": true}"#, "CHECKPOINT_NOT_OBJECT", "$.ledger.checkpoint"),
    ("shop", r#"/ledger = {"checkpoint": {"output": "a"}}"#, "CHECKPOINT_EVENTS_REQUIRED", "$.ledger.checkpoint.every_events"),
    ("shop", r#"/ledger = {"checkpoint": {"every_events": 0.5, "output": "a"}}"#, "CHECKPOINT_EVENTS_REQUIRED", "$.ledger.checkpoint.every_events"),
    ("shop", r#"/ledger = {"checkpoint": {"every_events": 5, "output": ""}}"#, "INVALID_CHECKPOINT_OUTPUT", "$.ledger.checkpoint.output"),
    ("shop", r#"/ledger = {"reads_wait_for_disk": "no"}"#, "INVALID_READS_WAIT_FOR_DISK", "$.ledger.reads_wait_for_disk"),
    ("shop", r#"/ledger = {"checkpoint": {"every_events": 5}}"#, "CHECKPOINT_BESIDE_LEDGER", "$.ledger.checkpoint"),
    ("shop", "/sources -", "SOURCES_REQUIRED", "$.sources"),
    ("shop", "/sources = {}", "SOURCES_REQUIRED", "$.sources"),
    ("shop", "/sources = []", "SOURCES_REQUIRED", "$.sources"),
    ("shop", "/capabilities/0/context -", "TRUSTED_CONTEXT_REQUIRED", "$.trusted_context"),
    ("late-fee", "/trusted_context -", "TRUSTED_CONTEXT_REQUIRED", "$.trusted_context"),
    ("shop", "/contexts = 1", "CONTEXTS_NOT_OBJECT", "$.contexts"),
    ("shop", r#"/contexts/1st = {"provider": "environment"}"#, "INVALID_CONTEXT_NAME", "$.contexts.1st"),
    ("shop", r#"/contexts/trusted_context = {"provider": "environment"}"#, "INVALID_CONTEXT_NAME", "$.contexts.trusted_context"),
    ("shop", "/executors = null", "EXECUTORS_NOT_OBJECT", "$.executors"),
    ("shop", "/executors/a b = {}", "INVALID_EXECUTOR_NAME", r#"$.executors["a b"]"#),
    ("shop", "/capabilities -", "CAPABILITIES_REQUIRED", "$.capabilities"),
    ("shop", "/capabilities = []", "CAPABILITIES_REQUIRED", "$.capabilities"),
    ("shop", "/capabilities = {}", "CAPABILITIES_REQUIRED", "$.capabilities"),
    ("late-fee", r#"/storage = {"sqlite_path": "app.db"}"#, "STORAGE_IS_SOURCE", "$.storage.sqlite_path"),
    // handlers
    ("late-fee", "/handlers = []", "HANDLERS_NOT_OBJECT", "$.handlers"),
    ("late-fee", r#"/handlers = {"trust": {}}"#, "INVALID_HANDLER_TRUST", "$.handlers.trust"),
    ("late-fee", r#"/handlers = {"trust": ["ed25519"]}"#, "INVALID_HANDLER_TRUST", "$.handlers.trust[0]"),
    ("late-fee", r#"/handlers = {"trust": [{"public_key": "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}]}"#, "INVALID_TRUSTED_NAME", "$.handlers.trust[0].name"),
    ("late-fee", r#"/handlers = {"trust": [{"name": "ci"}]}"#, "INVALID_TRUSTED_KEY", "$.handlers.trust[0].public_key"),
    ("late-fee", r#"/handlers = {"trust": [{"name": "ci", "public_key": "ed25519:AAAA"}]}"#, "INVALID_TRUSTED_KEY", "$.handlers.trust[0].public_key"),
    ("late-fee", r#"/handlers = {"trust": [{"name": "ci", "public_key": "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, {"name": "ci2", "public_key": "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}]}"#, "INVALID_TRUSTED_KEY", "$.handlers.trust[1].public_key"),
    ("late-fee", r#"/handlers = {"require_signature": 1}"#, "INVALID_REQUIRE_SIGNATURE", "$.handlers.require_signature"),
    ("late-fee", r#"/handlers = {"require_signature": true}"#, "TRUSTED_KEYS_REQUIRED", "$.handlers.trust"),
    ("late-fee", r#"/handlers = {"require_signature": true, "trust": []}"#, "TRUSTED_KEYS_REQUIRED", "$.handlers.trust"),
    ("late-fee", r#"/handlers = {"isolation": "container"}"#, "INVALID_HANDLER_ISOLATION", "$.handlers.isolation"),
    ("late-fee", r#"/handlers = {"isolation": true}"#, "INVALID_HANDLER_ISOLATION", "$.handlers.isolation"),
    ("late-fee", r#"/handlers = {"cache": "off"}"#, "INVALID_HANDLER_CACHE", "$.handlers.cache"),
    // sources
    ("shop", "/sources/shop-db = {}", "UNSAFE_SOURCE_NAME", "$.sources.shop-db"),
    ("shop", r#"/sources/shop_db = "postgres""#, "SOURCE_NOT_OBJECT", "$.sources.shop_db"),
    ("shop", r#"/sources/shop_db/engine = "oracle""#, "INVALID_SOURCE_ENGINE", "$.sources.shop_db.engine"),
    ("shop", "/sources/shop_db/engine -", "INVALID_SOURCE_ENGINE", "$.sources.shop_db.engine"),
    ("shop", "/sources/shop_db/read_url_env -", "READ_URL_ENV_REQUIRED", "$.sources.shop_db.read_url_env"),
    ("shop", r#"/sources/shop_db/read_url_env = "lower""#, "READ_URL_ENV_REQUIRED", "$.sources.shop_db.read_url_env"),
    ("shop", r#"/sources/shop_db/write_url_env = "A-B""#, "INVALID_WRITE_URL_ENV", "$.sources.shop_db.write_url_env"),
    ("late-fee", "/sources/app/path -", "SOURCE_PATH_REQUIRED", "$.sources.app.path"),
    ("late-fee", r#"/sources/app/path = ":memory:""#, "INVALID_SOURCE_PATH", "$.sources.app.path"),
    ("late-fee", r#"/sources/app/path = "file:app.db?mode=rw""#, "INVALID_SOURCE_PATH", "$.sources.app.path"),
    ("late-fee", r#"/sources/app/path = "a\u0000b""#, "INVALID_SOURCE_PATH", "$.sources.app.path"),
    ("shop", r#"/sources/shop_db/path = "./a.db""#, "SOURCE_PATH_NOT_ALLOWED", "$.sources.shop_db.path"),
    ("late-fee", r#"/sources/app/read_url_env = "A""#, "SOURCE_URL_ENV_NOT_ALLOWED", "$.sources.app.read_url_env"),
    ("late-fee", r#"/sources/app/write_url_env = "A""#, "SOURCE_URL_ENV_NOT_ALLOWED", "$.sources.app.write_url_env"),
    ("shop", "/sources/shop_db/statement_timeout_ms = 0", "INVALID_TIMEOUT", "$.sources.shop_db.statement_timeout_ms"),
    ("shop", "/sources/shop_db/statement_timeout_ms = 1.5", "INVALID_TIMEOUT", "$.sources.shop_db.statement_timeout_ms"),
    ("shop", "/sources/shop_db/statement_timeout_ms = 2147483648", "INVALID_TIMEOUT", "$.sources.shop_db.statement_timeout_ms"),
    ("shop", "/sources/shop_db/read_only = 1", "INVALID_SOURCE_READ_ONLY", "$.sources.shop_db.read_only"),
    ("shop", r#"/sources/shop_db/receipts = "mine""#, "INVALID_SOURCE_RECEIPTS", "$.sources.shop_db.receipts"),
    ("shop", "/sources/shop_db/read_only = true", "READ_ONLY_SOURCE_DIRECT_WRITEBACK", "$.capabilities[1].source"),
    ("late-fee", "/sources/app/read_only = true", "READ_ONLY_SOURCE_DIRECT_WRITEBACK", "$.capabilities[1].source"),
    ("shop", "/sources/shop_db/write_url_env -", "WRITEBACK_DISABLED", "$.capabilities[1].source"),
    ("shop", r#"/sources/shop_db/write_url_env = "SHOP_READ_URL""#, "SHARED_CREDENTIAL_ENV", "$.sources.shop_db.write_url_env"),
    ("shop", "/sources/shop_db/ssl = true", "SSL_IGNORED", "$.sources.shop_db.ssl"),
    // contexts
    ("late-fee", r#"/trusted_context = "environment""#, "TRUSTED_CONTEXT_NOT_OBJECT", "$.trusted_context"),
    ("shop", "/contexts/desk = []", "TRUSTED_CONTEXT_NOT_OBJECT", "$.contexts.desk"),
    ("shop", r#"/contexts/desk/provider = "headers""#, "INVALID_CONTEXT_PROVIDER", "$.contexts.desk.provider"),
    ("shop", "/contexts/desk/provider -", "INVALID_CONTEXT_PROVIDER", "$.contexts.desk.provider"),
    ("shop", "/contexts/desk/values = []", "CONTEXT_VALUES_NOT_OBJECT", "$.contexts.desk.values"),
    ("shop", r#"/contexts/desk/values/tenant_id_env = "tenant""#, "INVALID_CONTEXT_VALUE", "$.contexts.desk.values.tenant_id_env"),
    ("development", r#"/trusted_context/values/tenant_id = " ""#, "INVALID_CONTEXT_VALUE", "$.trusted_context.values.tenant_id"),
    ("development", "/trusted_context/values/principal -", "CONTEXT_VALUE_REQUIRED", "$.trusted_context.values.principal"),
    ("development", "/trusted_context/values -", "CONTEXT_VALUE_REQUIRED", "$.trusted_context.values"),
    ("shop", r#"/contexts/desk/values/tenant_id = "acme""#, "CONTEXT_VALUE_IGNORED", "$.contexts.desk.values.tenant_id"),
    ("development", r#"/mode = "shadow""#, "STATIC_DEV_CONTEXT", "$.trusted_context"),
    ("shop", r#"/contexts/desk/values/principal_env = "SHOP_TENANT""#, "SHARED_CONTEXT_ENV", "$.contexts.desk.values.principal_env"),
    // executors
    ("shop", "/executors/ledger_api = 1", "EXECUTOR_NOT_OBJECT", "$.executors.ledger_api"),
    ("shop", r#"/executors/ledger_api/type = "rich""#, "INVALID_EXECUTOR_TYPE", "$.executors.ledger_api.type"),
    ("shop", r#"/executors/ledger_api/type = "sql_update""#, "INVALID_EXECUTOR_TYPE", "$.executors.ledger_api.type"),
    ("shop", r#"/executors/sql_update = {"type": "http_handler", "url_env": "A"}"#, "INVALID_EXECUTOR_TYPE", "$.executors.sql_update.type"),
    ("shop", "/executors/ledger_api/url_env -", "HANDLER_URL_ENV_REQUIRED", "$.executors.ledger_api.url_env"),
    ("shop", "/executors/ledger_job/url_env = 1", "HANDLER_URL_ENV_REQUIRED", "$.executors.ledger_job.url_env"),
    ("shop", r#"/executors/ledger_api/method = "GET""#, "INVALID_HANDLER_METHOD", "$.executors.ledger_api.method"),
    ("shop", r#"/executors/ledger_api/auth = "bearer""#, "EXECUTOR_AUTH_NOT_OBJECT", "$.executors.ledger_api.auth"),
    ("shop", r#"/executors/ledger_api/auth/type = "basic""#, "INVALID_EXECUTOR_AUTH", "$.executors.ledger_api.auth.type"),
    ("shop", "/executors/ledger_api/auth/token_env -", "EXECUTOR_TOKEN_ENV_REQUIRED", "$.executors.ledger_api.auth.token_env"),
    ("shop", r#"/executors/ledger_api/signing_secret_env = "s3cret""#, "HANDLER_SIGNING_SECRET_ENV_INVALID", "$.executors.ledger_api.signing_secret_env"),
    ("shop", r#"/executors/ledger_job/command_env = "rm -rf""#, "COMMAND_ENV_REQUIRED", "$.executors.ledger_job.command_env"),
    ("shop", "/executors/ledger_job/command_env -", "COMMAND_ENV_REQUIRED", "$.executors.ledger_job.command_env"),
    ("shop", "/executors/ledger_job/timeout_ms = -1", "INVALID_HANDLER_TIMEOUT", "$.executors.ledger_job.timeout_ms"),
    ("shop", r#"/executors/ledger_api/next_signing_secret_env = "NEXT_SECRET""#, "HANDLER_SIGNING_SECRET_ENV_INVALID", "$.executors.ledger_api.next_signing_secret_env"),
    ("shop", r#"/executors/ledger_api/signing_key_id = "2026""#, "INVALID_SIGNING_KEY_ID", "$.executors.ledger_api.signing_key_id"),
    ("shop", "/executors/ledger_api/private_addresses = \"yes\"", "INVALID_PRIVATE_ADDRESSES", "$.executors.ledger_api.private_addresses"),
    ("shop", "/executors/ledger_job/environment = \"PATH\"", "INVALID_COMMAND_ENVIRONMENT", "$.executors.ledger_job.environment"),
    ("shop", r#"/executors/ledger_job/environment = ["APP_URL", "app=1"]"#, "INVALID_COMMAND_ENVIRONMENT", "$.executors.ledger_job.environment[1]"),
    ("shop", r#"/mode = "read_only""#, "EXECUTOR_INVALID_IN_READ_ONLY", "$.executors.ledger_api"),
    // capabilities
    ("shop", r#"/capabilities/0 = "x""#, "CAPABILITY_NOT_OBJECT", "$.capabilities[0]"),
    ("shop", r#"/capabilities/0/name = "inspect""#, "INVALID_CAPABILITY_NAME", "$.capabilities[0].name"),
    ("shop", r#"/capabilities/0/name = "a.b.c""#, "INVALID_CAPABILITY_NAME", "$.capabilities[0].name"),
    ("shop", "/capabilities/0/name -", "INVALID_CAPABILITY_NAME", "$.capabilities[0].name"),
    ("shop", r#"/capabilities/1/name = "shop.inspect_order""#, "DUPLICATE_CAPABILITY_NAME", "$.capabilities[1].name"),
    ("shop", r#"/capabilities/1/name = "Shop.Inspect_Order""#, "DUPLICATE_CAPABILITY_NAME", "$.capabilities[1].name"),
    ("shop", r#"/capabilities/0/kind = "write""#, "INVALID_CAPABILITY_KIND", "$.capabilities[0].kind"),
    ("shop", "/capabilities/0/kind -", "INVALID_CAPABILITY_KIND", "$.capabilities[0].kind"),
    ("shop", r#"/capabilities/0/description = """#, "INVALID_CAPABILITY_DESCRIPTION", "$.capabilities[0].description"),
    ("shop", "/capabilities/0/returns_hint = 1", "INVALID_RETURNS_HINT", "$.capabilities[0].returns_hint"),
    ("shop", r#"/capabilities/0/source = "other""#, "UNKNOWN_SOURCE", "$.capabilities[0].source"),
    ("shop", "/capabilities/0/source -", "UNKNOWN_SOURCE", "$.capabilities[0].source"),
    ("shop", r#"/capabilities/0/context = "other""#, "UNKNOWN_CONTEXT", "$.capabilities[0].context"),
    ("late-fee", r#"/capabilities/0/context = "trusted_context""#, "UNKNOWN_CONTEXT", "$.capabilities[0].context"),
    ("shop", "/capabilities/1/executor = 1", "INVALID_EXECUTOR_REFERENCE", "$.capabilities[1].executor"),
    ("shop", r#"/capabilities/1/executor = "other""#, "UNKNOWN_EXECUTOR", "$.capabilities[1].executor"),
    ("shop", "/capabilities/0/max_rows = 0", "INVALID_MAX_ROWS", "$.capabilities[0].max_rows"),
    ("shop", "/capabilities/0/max_rows = 2", "MAX_ROWS_IGNORED", "$.capabilities[0].max_rows"),
    ("shop", "/capabilities/0/single_tenant_dev_ack = true", "SINGLE_TENANT_DEV_ACK_IGNORED", "$.capabilities[0].single_tenant_dev_ack"),
    ("shop", "/capabilities/0/evidence = true", "INVALID_EVIDENCE", "$.capabilities[0].evidence"),
    ("shop", "/capabilities/0/patch = {}", "PROPOSAL_FIELD_ON_READ", "$.capabilities[0].patch"),
    ("late-fee", "/capabilities/0/reads = {}", "PROPOSAL_FIELD_ON_READ", "$.capabilities[0].reads"),
    // targets and columns
    ("shop", "/capabilities/0/target -", "TARGET_REQUIRED", "$.capabilities[0].target"),
    ("shop", r#"/capabilities/0/target = "orders""#, "TARGET_REQUIRED", "$.capabilities[0].target"),
    ("shop", r#"/capabilities/0/target/table = "orders; drop table orders""#, "INVALID_TARGET_IDENTIFIER", "$.capabilities[0].target.table"),
    ("shop", "/capabilities/0/target/schema -", "INVALID_TARGET_IDENTIFIER", "$.capabilities[0].target.schema"),
    ("shop", r#"/capabilities/0/target/primary_key = "a\"b""#, "INVALID_TARGET_IDENTIFIER", "$.capabilities[0].target.primary_key"),
    ("shop", r#"/capabilities/0/target/tenant_key = """#, "INVALID_TARGET_IDENTIFIER", "$.capabilities[0].target.tenant_key"),
    ("late-fee", r#"/capabilities/0/target/schema = "public""#, "SQLITE_SCHEMA_NOT_MAIN", "$.capabilities[0].target.schema"),
    ("late-fee", r#"/capabilities/1/reads/customer/target/schema = "temp""#, "SQLITE_SCHEMA_NOT_MAIN", "$.capabilities[1].reads.customer.target.schema"),
    ("shop", "/capabilities/0/target/tenant_key -", "TENANT_GUARD_REQUIRED", "$.capabilities[0].target.tenant_key"),
    ("development", "/capabilities/0/target/single_tenant_dev = false", "TENANT_GUARD_REQUIRED", "$.capabilities[0].target.tenant_key"),
    ("late-fee", "/capabilities/1/reads/customer/target/tenant_key -", "TENANT_GUARD_REQUIRED", "$.capabilities[1].reads.customer.target.tenant_key"),
    ("shop", r#"/capabilities/0/target/single_tenant_dev = "yes""#, "INVALID_SINGLE_TENANT_DEV", "$.capabilities[0].target.single_tenant_dev"),
    ("development", r#"/mode = "shadow""#, "SINGLE_TENANT_DEV_EXCEPTION", "$.capabilities[0].target"),
    ("shop", "/capabilities/0/target/single_tenant_dev = true", "SINGLE_TENANT_DEV_IGNORED", "$.capabilities[0].target.single_tenant_dev"),
    ("shop", "/capabilities/0/visible_columns = []", "VISIBLE_COLUMNS_REQUIRED", "$.capabilities[0].visible_columns"),
    ("shop", r#"/capabilities/0/visible_columns = "*""#, "VISIBLE_COLUMNS_REQUIRED", "$.capabilities[0].visible_columns"),
    ("shop", r#"/capabilities/0/visible_columns/1 = "*""#, "INVALID_VISIBLE_COLUMN", "$.capabilities[0].visible_columns[1]"),
    ("shop", r#"/capabilities/0/visible_columns/1 = "count(id)""#, "INVALID_VISIBLE_COLUMN", "$.capabilities[0].visible_columns[1]"),
    ("shop", "/capabilities/0/visible_columns/1 = 7", "INVALID_VISIBLE_COLUMN", "$.capabilities[0].visible_columns[1]"),
    ("shop", r#"/capabilities/0/redact = "status""#, "REDACT_NOT_LIST", "$.capabilities[0].redact"),
    ("shop", r#"/capabilities/0/redact = ["status", "*"]"#, "INVALID_REDACT_COLUMN", "$.capabilities[0].redact[1]"),
    ("shop", r#"/capabilities/0/redact = ["status", "status"]"#, "DUPLICATE_COLUMN", "$.capabilities[0].redact[1]"),
    ("shop", r#"/capabilities/0/redact = ["email"]"#, "REDACT_COLUMN_NOT_VISIBLE", "$.capabilities[0].redact[0]"),
    ("shop", r#"/capabilities/0/redact = ["id"]"#, "REDACT_COLUMN_NEEDED", "$.capabilities[0].redact[0]"),
    ("shop", r#"/capabilities/0/visible_columns/1 = "tenant_id" ; /capabilities/0/redact = ["tenant_id"]"#, "REDACT_COLUMN_NEEDED", "$.capabilities[0].redact[0]"),
    ("shop", r#"/capabilities/1/redact = ["updated_at"]"#, "REDACT_COLUMN_NEEDED", "$.capabilities[1].redact[0]"),
    ("shop", r#"/capabilities/1/redact = ["note"]"#, "REDACT_COLUMN_NEEDED", "$.capabilities[1].redact[0]"),
    ("shop", r#"/capabilities/1/visible_columns/- = "Note" ; /capabilities/1/redact = ["Note"]"#, "REDACT_COLUMN_NEEDED", "$.capabilities[1].redact[0]"),
    ("shop", r#"/capabilities/1/visible_columns/- = "phase" ; /capabilities/1/transition_guards/status/from_column = "phase" ; /capabilities/1/redact = ["phase"]"#, "REDACT_COLUMN_NEEDED", "$.capabilities[1].redact[0]"),
    ("late-fee", r#"/capabilities/1/visible_columns/- = "plan" ; /capabilities/1/redact = ["plan"]"#, "REDACT_COLUMN_IN_READ", "$.capabilities[1].reads.customer.columns[1]"),
    ("late-fee", r#"/capabilities/1/visible_columns/- = "customer_id" ; /capabilities/1/redact = ["customer_id"]"#, "REDACT_COLUMN_IN_READ", "$.capabilities[1].reads.recent_waivers.filters[0]"),
    ("shop", r#"/capabilities/0/visible_columns/1 = "ID""#, "DUPLICATE_COLUMN", "$.capabilities[0].visible_columns[1]"),
    ("shop", r#"/capabilities/1/patch/Status = {"fixed": 1}"#, "DUPLICATE_COLUMN", "$.capabilities[1].patch.status"),
    // arguments
    ("shop", "/capabilities/0/args = {}", "ARGS_REQUIRED", "$.capabilities[0].args"),
    ("shop", "/capabilities/0/args -", "ARGS_REQUIRED", "$.capabilities[0].args"),
    ("shop", r#"/capabilities/0/args/order_id = "string""#, "ARG_NOT_OBJECT", "$.capabilities[0].args.order_id"),
    ("shop", r#"/capabilities/0/args/order-id = {"type": "string"}"#, "INVALID_ARG_NAME", "$.capabilities[0].args.order-id"),
    ("shop", r#"/capabilities/0/args/tenant_id = {"type": "string"}"#, "MODEL_CONTROLLED_RESERVED_ARG", "$.capabilities[0].args.tenant_id"),
    ("shop", r#"/capabilities/0/args/tenantId = {"type": "string"}"#, "MODEL_CONTROLLED_RESERVED_ARG", "$.capabilities[0].args.tenantId"),
    ("shop", r#"/capabilities/0/args/expectedVersion = {"type": "string"}"#, "MODEL_CONTROLLED_RESERVED_ARG", "$.capabilities[0].args.expectedVersion"),
    ("shop", r#"/capabilities/0/args/column_name = {"type": "string"}"#, "MODEL_CONTROLLED_RESERVED_ARG", "$.capabilities[0].args.column_name"),
    ("shop", r#"/capabilities/0/args/principal = {"type": "string"}"#, "MODEL_CONTROLLED_RESERVED_ARG", "$.capabilities[0].args.principal"),
    ("shop", r#"/capabilities/0/args/order_id/type = "text""#, "INVALID_ARG_TYPE", "$.capabilities[0].args.order_id.type"),
    ("shop", "/capabilities/0/args/order_id/type -", "INVALID_ARG_TYPE", "$.capabilities[0].args.order_id.type"),
    ("shop", "/capabilities/0/args/order_id/required = 1", "INVALID_ARG_REQUIRED", "$.capabilities[0].args.order_id.required"),
    ("shop", r#"/capabilities/0/args/order_id/description = """#, "INVALID_ARG_DESCRIPTION", "$.capabilities[0].args.order_id.description"),
    ("shop", "/capabilities/0/args/order_id/max_length = 0", "INVALID_MAX_LENGTH", "$.capabilities[0].args.order_id.max_length"),
    ("shop", "/capabilities/2/args/cents/max_length = 9", "MAX_LENGTH_IGNORED", "$.capabilities[2].args.cents.max_length"),
    ("shop", "/capabilities/0/args/order_id/minimum = 1", "NUMERIC_BOUNDS_REQUIRE_NUMBER", "$.capabilities[0].args.order_id.minimum"),
    ("shop", r#"/capabilities/2/args/cents/minimum = "1""#, "INVALID_MINIMUM", "$.capabilities[2].args.cents.minimum"),
    ("shop", "/capabilities/2/args/cents/maximum = null", "INVALID_MAXIMUM", "$.capabilities[2].args.cents.maximum"),
    ("shop", "/capabilities/2/args/cents/minimum = 5000.5", "INVALID_NUMERIC_RANGE", "$.capabilities[2].args.cents.minimum"),
    ("shop", "/capabilities/2/numeric_bounds/credit_cents/minimum = 5001", "INVALID_NUMERIC_RANGE", "$.capabilities[2].numeric_bounds.credit_cents.minimum"),
    ("shop", "/capabilities/1/args/next/enum = []", "INVALID_ENUM", "$.capabilities[1].args.next.enum"),
    ("shop", r#"/capabilities/1/args/next/enum = "packed""#, "INVALID_ENUM", "$.capabilities[1].args.next.enum"),
    ("shop", r#"/capabilities/1/args/next/enum/1 = "packed""#, "INVALID_ENUM", "$.capabilities[1].args.next.enum[1]"),
    ("shop", "/capabilities/1/args/next/enum/1 = {}", "INVALID_ENUM", "$.capabilities[1].args.next.enum[1]"),
    ("shop", "/capabilities/1/args/next/enum/1 = 1", "ENUM_VALUE_TYPE_MISMATCH", "$.capabilities[1].args.next.enum[1]"),
    ("shop", "/capabilities/1/args/next/enum/1 = null", "ENUM_VALUE_TYPE_MISMATCH", "$.capabilities[1].args.next.enum[1]"),
    ("shop", "/capabilities/2/args/cents/enum = [1, 5001]", "ENUM_VALUE_OUT_OF_RANGE", "$.capabilities[2].args.cents.enum[1]"),
    ("shop", "/capabilities/1/args/next/max_length = 6", "ENUM_VALUE_OUT_OF_RANGE", "$.capabilities[1].args.next.enum[1]"),
    ("shop", "/capabilities/0/lookup -", "LOOKUP_REQUIRED", "$.capabilities[0].lookup"),
    ("shop", r#"/capabilities/0/lookup = "order_id""#, "LOOKUP_REQUIRED", "$.capabilities[0].lookup"),
    ("shop", "/capabilities/0/lookup = {}", "LOOKUP_ARG_REQUIRED", "$.capabilities[0].lookup.id_from_arg"),
    ("shop", "/capabilities/0/lookup/id_from_arg = 1", "LOOKUP_ARG_REQUIRED", "$.capabilities[0].lookup.id_from_arg"),
    ("shop", r#"/capabilities/0/lookup/id_from_arg = "id""#, "UNKNOWN_LOOKUP_ARG", "$.capabilities[0].lookup.id_from_arg"),
    ("shop", "/capabilities/0/args/order_id/required = false", "LOOKUP_ARG_OPTIONAL", "$.capabilities[0].args.order_id.required"),
    // what a proposal may change
    ("shop", "/capabilities/1/patch -", "PATCH_REQUIRED", "$.capabilities[1].patch"),
    ("shop", "/capabilities/1/patch = {}", "PATCH_REQUIRED", "$.capabilities[1].patch"),
    ("shop", "/capabilities/1/patch = []", "PATCH_REQUIRED", "$.capabilities[1].patch"),
    ("late-fee", r#"/capabilities/1/patch = {"waiver_reason": {"from_arg": "reason"}}"#, "PATCH_AND_HANDLER_EXCLUSIVE", "$.capabilities[1].handler"),
    ("shop", r#"/capabilities/1/patch/a b = {"fixed": 1}"#, "INVALID_PATCH_COLUMN", r#"$.capabilities[1].patch["a b"]"#),
    ("shop", r#"/capabilities/1/patch/total = {"fixed": 1}"#, "PATCH_COLUMN_NOT_ALLOWED", "$.capabilities[1].patch.total"),
    ("shop", r#"/capabilities/1/patch/note = "x""#, "PATCH_BINDING_NOT_OBJECT", "$.capabilities[1].patch.note"),
    ("shop", "/capabilities/1/patch/note = {}", "INVALID_PATCH_BINDING", "$.capabilities[1].patch.note"),
    ("shop", r#"/capabilities/1/patch/note/fixed = "x""#, "INVALID_PATCH_BINDING", "$.capabilities[1].patch.note"),
    ("shop", r#"/capabilities/1/patch/note = {"fixed": {}}"#, "INVALID_PATCH_BINDING", "$.capabilities[1].patch.note.fixed"),
    ("shop", "/capabilities/1/patch/note/from_arg = 1", "INVALID_PATCH_ARG", "$.capabilities[1].patch.note.from_arg"),
    ("shop", r#"/capabilities/1/patch/note/from_arg = "reason""#, "UNKNOWN_PATCH_ARG", "$.capabilities[1].patch.note.from_arg"),
    ("shop", "/capabilities/1/allowed_columns -", "ALLOWED_COLUMNS_REQUIRED", "$.capabilities[1].allowed_columns"),
    ("shop", "/capabilities/1/allowed_columns = []", "ALLOWED_COLUMNS_REQUIRED", "$.capabilities[1].allowed_columns"),
    ("shop", r#"/capabilities/1/allowed_columns/0 = "*""#, "INVALID_ALLOWED_COLUMN", "$.capabilities[1].allowed_columns[0]"),
    ("shop", r#"/capabilities/1/allowed_columns/- = "id""#, "ALLOWED_COLUMN_PROTECTED", "$.capabilities[1].allowed_columns[2]"),
    ("shop", r#"/capabilities/1/allowed_columns/- = "Tenant_ID""#, "ALLOWED_COLUMN_PROTECTED", "$.capabilities[1].allowed_columns[2]"),
    ("shop", r#"/capabilities/1/allowed_columns/- = "updated_at""#, "ALLOWED_COLUMN_PROTECTED", "$.capabilities[1].allowed_columns[2]"),
    ("late-fee", r#"/capabilities/1/allowed_columns/- = "tenant_id""#, "ALLOWED_COLUMN_PROTECTED", "$.capabilities[1].allowed_columns[2]"),
    ("shop", "/capabilities/2/numeric_bounds = []", "NUMERIC_BOUNDS_NOT_OBJECT", "$.capabilities[2].numeric_bounds"),
    ("shop", r#"/capabilities/2/numeric_bounds/a b = {"minimum": 1}"#, "INVALID_NUMERIC_BOUND_COLUMN", r#"$.capabilities[2].numeric_bounds["a b"]"#),
    ("shop", r#"/capabilities/2/numeric_bounds/total = {"minimum": 1}"#, "NUMERIC_BOUND_PATCH_COLUMN_REQUIRED", "$.capabilities[2].numeric_bounds.total"),
    ("late-fee", r#"/capabilities/1/numeric_bounds/total = {"minimum": 1}"#, "NUMERIC_BOUND_PATCH_COLUMN_REQUIRED", "$.capabilities[1].numeric_bounds.total"),
    ("shop", "/capabilities/2/numeric_bounds/credit_cents = 5", "NUMERIC_BOUND_NOT_OBJECT", "$.capabilities[2].numeric_bounds.credit_cents"),
    ("shop", "/capabilities/2/numeric_bounds/credit_cents = {}", "NUMERIC_BOUND_EMPTY", "$.capabilities[2].numeric_bounds.credit_cents"),
    ("shop", r#"/capabilities/1/numeric_bounds = {"note": {"minimum": 1}}"#, "NUMERIC_BOUND_ARG_NOT_NUMBER", "$.capabilities[1].numeric_bounds.note"),
    ("shop", r#"/capabilities/2/patch/credit_cents = {"fixed": 5000.01}"#, "FIXED_VALUE_OUT_OF_BOUNDS", "$.capabilities[2].patch.credit_cents.fixed"),
    ("shop", r#"/capabilities/2/patch/credit_cents = {"fixed": "100"}"#, "FIXED_VALUE_OUT_OF_BOUNDS", "$.capabilities[2].patch.credit_cents.fixed"),
    ("shop", r#"/capabilities/2/patch/credit_cents = {"fixed": null}"#, "FIXED_VALUE_OUT_OF_BOUNDS", "$.capabilities[2].patch.credit_cents.fixed"),
    ("shop", "/capabilities/1/transition_guards = 1", "TRANSITION_GUARDS_NOT_OBJECT", "$.capabilities[1].transition_guards"),
    ("shop", "/capabilities/1/transition_guards/a b = {}", "INVALID_TRANSITION_GUARD_COLUMN", r#"$.capabilities[1].transition_guards["a b"]"#),
    ("shop", "/capabilities/1/transition_guards/total = {}", "TRANSITION_PATCH_COLUMN_REQUIRED", "$.capabilities[1].transition_guards.total"),
    ("shop", "/capabilities/1/transition_guards/status = []", "TRANSITION_GUARD_NOT_OBJECT", "$.capabilities[1].transition_guards.status"),
    ("shop", r#"/capabilities/1/transition_guards/status/from_column = "a b""#, "INVALID_TRANSITION_FROM_COLUMN", "$.capabilities[1].transition_guards.status.from_column"),
    ("shop", r#"/capabilities/1/transition_guards/status/from_column = "state""#, "TRANSITION_FROM_COLUMN_NOT_VISIBLE", "$.capabilities[1].transition_guards.status.from_column"),
    ("shop", r#"/capabilities/1/visible_columns = ["id"]"#, "TRANSITION_FROM_COLUMN_NOT_VISIBLE", "$.capabilities[1].transition_guards.status"),
    ("shop", "/capabilities/1/transition_guards/status/allowed -", "TRANSITION_ALLOWED_REQUIRED", "$.capabilities[1].transition_guards.status.allowed"),
    ("shop", "/capabilities/1/transition_guards/status/allowed = {}", "TRANSITION_ALLOWED_REQUIRED", "$.capabilities[1].transition_guards.status.allowed"),
    ("shop", r#"/capabilities/1/transition_guards/status/allowed/ = ["packed"]"#, "TRANSITION_FROM_REQUIRED", r#"$.capabilities[1].transition_guards.status.allowed[""]"#),
    ("shop", "/capabilities/1/transition_guards/status/allowed/paid = []", "TRANSITION_TO_VALUES_REQUIRED", "$.capabilities[1].transition_guards.status.allowed.paid"),
    ("shop", "/capabilities/1/transition_guards/status/allowed/paid/0 = 1", "TRANSITION_TO_VALUES_REQUIRED", "$.capabilities[1].transition_guards.status.allowed.paid[0]"),
    ("shop", r#"/capabilities/2/transition_guards = {"credit_cents": {"allowed": {"a": ["b"]}}}"#, "TRANSITION_ARG_NOT_STRING", "$.capabilities[2].transition_guards.credit_cents"),
    ("shop", r#"/capabilities/3/transition_guards = {"state": {"allowed": {"open": ["held"]}}}"#, "FIXED_VALUE_NEVER_ALLOWED", "$.capabilities[3].patch.state.fixed"),
    ("shop", "/capabilities/0/target_acknowledgements = []", "PROPOSAL_FIELD_ON_READ", "$.capabilities[0].target_acknowledgements"),
    ("shop", "/capabilities/1/target_acknowledgements = {}", "INVALID_TARGET_ACKNOWLEDGEMENTS", "$.capabilities[1].target_acknowledgements"),
    ("shop", r#"/capabilities/1/target_acknowledgements = ["audit"]"#, "INVALID_TARGET_ACKNOWLEDGEMENT", "$.capabilities[1].target_acknowledgements[0]"),
    ("shop", r#"/capabilities/1/target_acknowledgements = [{"kind": "procedure", "name": "audit"}]"#, "INVALID_TARGET_ACKNOWLEDGEMENT", "$.capabilities[1].target_acknowledgements[0].kind"),
    ("shop", r#"/capabilities/1/target_acknowledgements = [{"kind": "trigger", "name": ""}]"#, "INVALID_TARGET_ACKNOWLEDGEMENT", "$.capabilities[1].target_acknowledgements[0].name"),
    ("shop", r#"/capabilities/1/target_acknowledgements = [{"kind": "trigger", "name": "audit"}]"#, "INVALID_TARGET_ACKNOWLEDGEMENT", "$.capabilities[1].target_acknowledgements[0].digest"),
    ("shop", r#"/capabilities/1/target_acknowledgements = [{"kind": "trigger", "name": "audit", "digest": "sha256:1"}]"#, "INVALID_TARGET_ACKNOWLEDGEMENT", "$.capabilities[1].target_acknowledgements[0].digest"),
    ("shop", r#"/capabilities/1/target_acknowledgements = [{"kind": "trigger", "name": "audit"}, {"kind": "trigger", "name": "audit"}]"#, "DUPLICATE_TARGET_ACKNOWLEDGEMENT", "$.capabilities[1].target_acknowledgements[1]"),
    ("shop", "/capabilities/1/conflict_guard -", "CONFLICT_GUARD_REQUIRED", "$.capabilities[1].conflict_guard"),
    ("shop", "/capabilities/1/conflict_guard = {}", "CONFLICT_GUARD_REQUIRED", "$.capabilities[1].conflict_guard"),
    ("shop", r#"/capabilities/1/conflict_guard = {"weak_guard_ack": false}"#, "CONFLICT_GUARD_REQUIRED", "$.capabilities[1].conflict_guard"),
    ("shop", r#"/capabilities/1/conflict_guard = {"weak_guard_ack": "yes"}"#, "CONFLICT_GUARD_REQUIRED", "$.capabilities[1].conflict_guard.weak_guard_ack"),
    ("shop", r#"/capabilities/1/conflict_guard/column = "a b""#, "CONFLICT_GUARD_COLUMN_REQUIRED", "$.capabilities[1].conflict_guard.column"),
    ("shop", r#"/capabilities/1/conflict_guard/column = "ID""#, "CONFLICT_GUARD_COLUMN_PROTECTED", "$.capabilities[1].conflict_guard.column"),
    ("late-fee", r#"/capabilities/1/conflict_guard/advance = "bump""#, "INVALID_CONFLICT_GUARD_ADVANCE", "$.capabilities[1].conflict_guard.advance"),
    ("late-fee", r#"/capabilities/1/conflict_guard = {"weak_guard_ack": true, "advance": "now"}"#, "ADVANCE_REQUIRES_COLUMN", "$.capabilities[1].conflict_guard.advance"),
    ("shop", "/capabilities/1/conflict_guard/weak_guard_ack = true", "WEAK_GUARD_ACK_IGNORED", "$.capabilities[1].conflict_guard.weak_guard_ack"),
    ("shop", r#"/capabilities/1/approval = "human""#, "APPROVAL_NOT_OBJECT", "$.capabilities[1].approval"),
    ("shop", "/capabilities/1/approval/required_role = 1", "INVALID_APPROVAL", "$.capabilities[1].approval.required_role"),
    ("shop", r#"/capabilities/1/approval/mode = "policy""#, "APPROVAL_MODE_IGNORED", "$.capabilities[1].approval.mode"),
    ("late-fee", r#"/capabilities/1/allowed_columns/- = "RowID""#, "ALLOWED_COLUMN_PROTECTED", "$.capabilities[1].allowed_columns[2]"),
    // handlers
    ("late-fee", r#"/capabilities/1/handler = "late-fee""#, "HANDLER_NOT_OBJECT", "$.capabilities[1].handler"),
    ("late-fee", "/capabilities/1/handler/bundle -", "HANDLER_BUNDLE_REQUIRED", "$.capabilities[1].handler.bundle"),
    ("late-fee", r#"/capabilities/1/handler/bundle = "https://x/y""#, "HANDLER_BUNDLE_REQUIRED", "$.capabilities[1].handler.bundle"),
    ("late-fee", r#"/capabilities/1/handler/bundle = "/opt/handlers""#, "HANDLER_BUNDLE_ESCAPES", "$.capabilities[1].handler.bundle"),
    ("late-fee", r#"/capabilities/1/handler/bundle = "handlers/../../x""#, "HANDLER_BUNDLE_ESCAPES", "$.capabilities[1].handler.bundle"),
    ("late-fee", r#"/capabilities/1/handler/bundle = "handlers\\..\\..\\x""#, "HANDLER_BUNDLE_ESCAPES", "$.capabilities[1].handler.bundle"),
    ("late-fee", "/capabilities/1/handler/digest -", "HANDLER_DIGEST_REQUIRED", "$.capabilities[1].handler.digest"),
    ("late-fee", r#"/capabilities/1/handler/digest = "sha256:ABC""#, "INVALID_HANDLER_DIGEST", "$.capabilities[1].handler.digest"),
    ("late-fee", "/capabilities/1/handler/digest = null", "INVALID_HANDLER_DIGEST", "$.capabilities[1].handler.digest"),
    ("late-fee", "/capabilities/1/handler/settings = []", "HANDLER_SETTINGS_NOT_OBJECT", "$.capabilities[1].handler.settings"),
    ("late-fee", "/capabilities/1/handler/settings/plans = []", "INVALID_HANDLER_SETTING", "$.capabilities[1].handler.settings.plans"),
    ("late-fee", "/capabilities/1/handler/settings/a-b = 1", "INVALID_HANDLER_SETTING", "$.capabilities[1].handler.settings.a-b"),
    ("late-fee", r#"/capabilities/1/handler/settings/api_key = "k""#, "HANDLER_SETTING_LOOKS_SECRET", "$.capabilities[1].handler.settings.api_key"),
    ("late-fee", r#"/capabilities/1/handler/shadow = "late-fee-2""#, "HANDLER_SHADOW_NOT_OBJECT", "$.capabilities[1].handler.shadow"),
    ("late-fee", r#"/capabilities/1/handler/shadow = {"digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222"}"#, "HANDLER_BUNDLE_REQUIRED", "$.capabilities[1].handler.shadow.bundle"),
    ("late-fee", r#"/capabilities/1/handler/shadow = {"bundle": "../x", "digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222"}"#, "HANDLER_BUNDLE_ESCAPES", "$.capabilities[1].handler.shadow.bundle"),
    ("late-fee", r#"/capabilities/1/handler/shadow = {"bundle": "handlers/two"}"#, "HANDLER_DIGEST_REQUIRED", "$.capabilities[1].handler.shadow.digest"),
    ("late-fee", r#"/capabilities/1/handler/shadow = {"bundle": "handlers/two", "digest": "sha256:2"}"#, "INVALID_HANDLER_DIGEST", "$.capabilities[1].handler.shadow.digest"),
    ("late-fee", r#"/capabilities/1/handler/shadow = {"bundle": "handlers/two", "digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222", "settings": {}}"#, "UNKNOWN_FIELD", "$.capabilities[1].handler.shadow.settings"),
    ("late-fee", r#"/capabilities/1/handler/shadow = {"bundle": "handlers/two", "digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111"}"#, "HANDLER_SHADOW_IS_LIVE", "$.capabilities[1].handler.shadow.digest"),
    ("late-fee", r#"/capabilities/1/handler/wasi = "inherit""#, "INVALID_HANDLER_WASI", "$.capabilities[1].handler.wasi"),
    ("late-fee", "/capabilities/1/handler/wasi = true", "INVALID_HANDLER_WASI", "$.capabilities[1].handler.wasi"),
    ("late-fee", "/capabilities/1/handler/limits = 5", "HANDLER_LIMITS_NOT_OBJECT", "$.capabilities[1].handler.limits"),
    ("late-fee", "/capabilities/1/handler/limits/fuel = 0", "INVALID_HANDLER_LIMIT", "$.capabilities[1].handler.limits.fuel"),
    ("late-fee", "/capabilities/1/handler/limits/reads_max = 4294967296", "INVALID_HANDLER_LIMIT", "$.capabilities[1].handler.limits.reads_max"),
    ("late-fee", "/capabilities/1/reads = []", "READS_NOT_OBJECT", "$.capabilities[1].reads"),
    ("shop", "/capabilities/1/reads = {}", "READS_REQUIRE_HANDLER", "$.capabilities[1].reads"),
    ("late-fee", "/capabilities/1/reads/a-b = {}", "INVALID_READ_NAME", "$.capabilities[1].reads.a-b"),
    ("late-fee", r#"/capabilities/1/reads/customer = "customers""#, "READ_NOT_OBJECT", "$.capabilities[1].reads.customer"),
    ("late-fee", "/capabilities/1/reads/customer/target -", "TARGET_REQUIRED", "$.capabilities[1].reads.customer.target"),
    ("late-fee", "/capabilities/1/reads/customer/columns = []", "READ_COLUMNS_REQUIRED", "$.capabilities[1].reads.customer.columns"),
    ("late-fee", r#"/capabilities/1/reads/customer/columns/0 = "*""#, "INVALID_READ_COLUMN", "$.capabilities[1].reads.customer.columns[0]"),
    ("late-fee", r#"/capabilities/1/reads/recent_waivers/filters = "customer_id""#, "INVALID_READ_FILTER", "$.capabilities[1].reads.recent_waivers.filters"),
    ("late-fee", r#"/capabilities/1/reads/recent_waivers/filters/0 = "a = 1""#, "INVALID_READ_FILTER", "$.capabilities[1].reads.recent_waivers.filters[0]"),
    ("late-fee", r#"/capabilities/1/reads/recent_waivers/filters/0 = "TENANT_ID""#, "READ_FILTER_ON_TENANT", "$.capabilities[1].reads.recent_waivers.filters[0]"),
    ("late-fee", "/capabilities/1/reads/recent_waivers/rows_max = 0", "INVALID_READ_ROWS_MAX", "$.capabilities[1].reads.recent_waivers.rows_max"),
    // prompts
    ("web", "/prompts = {}", "PROMPTS_NOT_LIST", "$.prompts"),
    ("web", "/prompts/0 = 1", "PROMPT_NOT_OBJECT", "$.prompts[0]"),
    ("web", "/prompts/0/text = 1", "UNKNOWN_FIELD", "$.prompts[0].text"),
    ("web", "/prompts/0/name -", "INVALID_PROMPT_NAME", "$.prompts[0].name"),
    ("web", r#"/prompts/0/name = "billing__inspect_invoice""#, "INVALID_PROMPT_NAME", "$.prompts[0].name"),
    ("web", r#"/prompts/0/name = "billing.inspect_invoice""#, "INVALID_PROMPT_NAME", "$.prompts[0].name"),
    ("web", r#"/prompts/0/name = "how_to_use_these_tools""#, "INVALID_PROMPT_NAME", "$.prompts[0].name"),
    ("web", r#"/prompts/- = {"name": "look_at_an_order", "template": "x"}"#, "DUPLICATE_PROMPT_NAME", "$.prompts[1].name"),
    ("web", "/prompts/0/title = 1", "INVALID_PROMPT_TEXT", "$.prompts[0].title"),
    ("web", r#"/prompts/0/description = """#, "INVALID_PROMPT_TEXT", "$.prompts[0].description"),
    ("web", "/prompts/0/arguments = []", "INVALID_PROMPT_ARGUMENT", "$.prompts[0].arguments"),
    ("web", "/prompts/0/arguments/order_id = []", "INVALID_PROMPT_ARGUMENT", "$.prompts[0].arguments.order_id"),
    ("web", "/prompts/0/arguments/order_id/required = 1", "INVALID_PROMPT_ARGUMENT", "$.prompts[0].arguments.order_id.required"),
    ("web", "/prompts/0/arguments/order_id/enum = [1]", "INVALID_PROMPT_ARGUMENT", "$.prompts[0].arguments.order_id.enum[0]"),
    ("web", "/prompts/0/arguments/a-b = {}", "INVALID_PROMPT_ARGUMENT", "$.prompts[0].arguments.a-b"),
    ("web", "/prompts/0/template -", "INVALID_PROMPT_TEMPLATE", "$.prompts[0].template"),
    ("web", r#"/prompts/0/template = "{{order_id""#, "INVALID_PROMPT_TEMPLATE", "$.prompts[0].template"),
    ("web", r#"/prompts/0/template = "{{order_id}} {{ }}""#, "INVALID_PROMPT_TEMPLATE", "$.prompts[0].template"),
    ("web", r#"/prompts/0/template = "{{order_id}} {{tenant_id}}""#, "UNKNOWN_PROMPT_ARGUMENT", "$.prompts[0].template"),
    ("web", r#"/prompts/0/template = "Look.""#, "UNUSED_PROMPT_ARGUMENT", "$.prompts[0].template"),
    // authentication and rate limits
    ("web", "/capabilities/0/scopes = []", "INVALID_CAPABILITY_SCOPES", "$.capabilities[0].scopes"),
    ("web", r#"/capabilities/0/scopes = ["a b"]"#, "INVALID_CAPABILITY_SCOPES", "$.capabilities[0].scopes[0]"),
    ("web", r#"/capabilities/0/scopes = ["a", "a"]"#, "INVALID_CAPABILITY_SCOPES", "$.capabilities[0].scopes[1]"),
    ("web", r#"/authentication - ; /capabilities/0/scopes = ["a"]"#, "SCOPES_NOT_VERIFIED", "$.capabilities[0].scopes"),
    ("web", "/authentication = []", "AUTHENTICATION_NOT_OBJECT", "$.authentication"),
    ("web", "/authentication/secret = 1", "UNKNOWN_FIELD", "$.authentication.secret"),
    ("web", "/authentication/issuer -", "INVALID_ISSUER", "$.authentication.issuer"),
    ("web", r#"/authentication/issuer = "http://id.example""#, "INVALID_ISSUER", "$.authentication.issuer"),
    ("web", "/authentication/resource_url -", "INVALID_RESOURCE_URL", "$.authentication.resource_url"),
    ("web", r#"/authentication/resource_url = "runner.example""#, "INVALID_RESOURCE_URL", "$.authentication.resource_url"),
    ("web", "/authentication/audience = []", "INVALID_AUDIENCE", "$.authentication.audience"),
    ("web", "/authentication/jwks_url -", "JWKS_REQUIRED", "$.authentication.jwks_url"),
    ("web", r#"/authentication/jwks_path = "keys.json""#, "JWKS_REQUIRED", "$.authentication.jwks_url"),
    ("web", r#"/authentication/jwks_url = "http://id.example/keys""#, "INVALID_JWKS_URL", "$.authentication.jwks_url"),
    ("web", r#"/authentication/jwks_path = "file:keys.json""#, "INVALID_JWKS_PATH", "$.authentication.jwks_path"),
    ("web", "/authentication/algorithms = []", "INVALID_TOKEN_ALGORITHMS", "$.authentication.algorithms"),
    ("web", r#"/authentication/algorithms = ["HS256"]"#, "INVALID_TOKEN_ALGORITHMS", "$.authentication.algorithms[0]"),
    ("web", r#"/authentication/algorithms = ["none"]"#, "INVALID_TOKEN_ALGORITHMS", "$.authentication.algorithms[0]"),
    ("web", r#"/authentication/algorithms = ["RS256", "RS256"]"#, "INVALID_TOKEN_ALGORITHMS", "$.authentication.algorithms[1]"),
    ("web", "/authentication/leeway_seconds = 301", "INVALID_LEEWAY", "$.authentication.leeway_seconds"),
    ("web", r#"/authentication/read_scope = "a b""#, "INVALID_SCOPE", "$.authentication.read_scope"),
    ("web", r#"/authentication/propose_scope = """#, "INVALID_SCOPE", "$.authentication.propose_scope"),
    ("web", "/authentication -", "CLAIMS_NOT_VERIFIED", "$.contexts.token"),
    ("web", "/rate_limits = 1", "RATE_LIMITS_NOT_OBJECT", "$.rate_limits"),
    ("web", "/rate_limits/requests_per_minute_per_principal = 0", "INVALID_RATE_LIMIT", "$.rate_limits.requests_per_minute_per_principal"),
    ("web", "/rate_limits/calls_per_minute_per_capability = 1000001", "INVALID_RATE_LIMIT", "$.rate_limits.calls_per_minute_per_capability"),
    // cloud
    ("shop", "/cloud = {}", "CLOUD_CONFIG_ONLY_FOR_CLOUD_MODE", "$.cloud"),
    ("cloud", "/cloud -", "CLOUD_CONFIG_REQUIRED", "$.cloud"),
    ("cloud", r#"/cloud/base_url_env = "https://x""#, "CLOUD_BASE_URL_ENV_REQUIRED", "$.cloud.base_url_env"),
    ("cloud", "/cloud/runner_token_env -", "CLOUD_RUNNER_TOKEN_ENV_REQUIRED", "$.cloud.runner_token_env"),
    ("cloud", r#"/cloud/adapter_id = """#, "CLOUD_ADAPTER_ID_REQUIRED", "$.cloud.adapter_id"),
    ("cloud", "/cloud/runner_id = 1", "INVALID_CLOUD_RUNNER_ID", "$.cloud.runner_id"),
    ("cloud", "/cloud/runner_version = 1", "INVALID_CLOUD_RUNNER_VERSION", "$.cloud.runner_version"),
    ("cloud", "/cloud/project_id = []", "INVALID_CLOUD_PROJECT_ID", "$.cloud.project_id"),
    ("cloud", "/cloud/source_id = {}", "INVALID_CLOUD_SOURCE_ID", "$.cloud.source_id"),
    ("cloud", r#"/cloud/engines = "postgres""#, "INVALID_CLOUD_ENGINES", "$.cloud.engines"),
    ("cloud", "/cloud/engines/0 = 1", "INVALID_CLOUD_ENGINES", "$.cloud.engines[0]"),
    ("cloud", "/cloud/capabilities = {}", "INVALID_CLOUD_CAPABILITIES", "$.cloud.capabilities"),
    ("cloud", r#"/cloud/session = "s""#, "INVALID_CLOUD_SESSION", "$.cloud.session"),
    ("cloud", "/cloud/timeout_ms = 120001", "INVALID_CLOUD_TIMEOUT", "$.cloud.timeout_ms"),
    ("cloud", r#"/cloud/private_addresses = "yes""#, "INVALID_CLOUD_PRIVATE_ADDRESSES", "$.cloud.private_addresses"),
    ("cloud", "/capabilities = []", "CAPABILITIES_NOT_SERVED", "$.capabilities"),
    ("cloud", r#"/authentication = {"issuer": "https://id.example", "resource_url": "https://r.example/mcp", "jwks_path": "k.json"}"#, "CALLERS_SHARE_SESSION", "$.authentication"),
];

/// Texts that are not one JSON object, and the code that must answer.
const TEXTS: &[(&str, &str)] = &[
    ("", "INVALID_JSON"),
    ("{\"version\": 1,}", "INVALID_JSON"),
    ("\u{feff}{}", "BYTE_ORDER_MARK"),
    ("{} trailing", "TRAILING_DATA"),
    ("{\"mode\": \"review\", \"mode\": \"cloud\"}", "DUPLICATE_KEY"),
    ("{\"version\": 1e999}", "NUMBER_TOO_LONG"),
    ("[]", "CONFIG_NOT_OBJECT"),
    ("null", "CONFIG_NOT_OBJECT"),
];

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("{} {}", problem.code, problem.path)).collect()
}

#[test]
fn every_rule_answers_with_its_code_and_path() {
    for (name, edits, code, path) in CASES {
        let checked = check(&edited(name, edits).to_string());
        let found = lines(&checked.problems);
        assert!(
            found.contains(&format!("{code} {path}")),
            "{name} with {edits}\nexpected {code} {path}\nfound {found:#?}"
        );
        let is_refused = checked.problems.iter().any(|problem| problem.severity == Severity::Error);
        assert_eq!(checked.config.is_none(), is_refused, "{name} with {edits}: {found:#?}");
        assert!(!found.iter().any(|line| line.starts_with("CONFIG_UNREADABLE")), "{name} with {edits}");
    }
}

#[test]
fn a_text_that_is_not_one_object_is_refused_by_name() {
    let too_deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    let too_large = " ".repeat(synapsor_config::CONFIG_BYTES_MAX + 1);
    let texts = TEXTS
        .iter()
        .copied()
        .chain([(too_deep.as_str(), "CONFIG_TOO_DEEP"), (too_large.as_str(), "CONFIG_TOO_LARGE")]);
    for (text, code) in texts {
        let checked = check(text);
        assert!(checked.config.is_none());
        let found = lines(&checked.problems);
        assert!(found.iter().any(|line| line.starts_with(code)), "expected {code}, found {found:?}");
    }
}

#[test]
fn every_code_has_a_case() {
    let mut covered: BTreeSet<&str> = CASES.iter().map(|(_, _, code, _)| *code).collect();
    covered.extend(TEXTS.iter().map(|(_, code)| *code));
    // Covered by a text too big to write down, and by nothing at all: it says that the checks have a hole.
    covered.extend(["CONFIG_TOO_DEEP", "CONFIG_TOO_LARGE", "CONFIG_UNREADABLE"]);
    let all: BTreeSet<&str> = ProblemCode::all().map(ProblemCode::as_str).collect();
    assert_eq!(covered, all);
}

#[test]
fn no_message_repeats_a_secret() {
    let leaks = [
        ("shop", "/sources/shop_db/read_url_env = \"postgres://app:hunter2@db/app\""),
        ("shop", "/executors/ledger_api/url_env = \"https://user:hunter2@host/\""),
        ("shop", "/executors/ledger_api/auth/token_env = \"hunter2\""),
        ("shop", "/executors/ledger_api/signing_secret_env = \"hunter2\""),
        ("shop", "/sources/shop_db/url = \"hunter2\""),
        ("late-fee", "/capabilities/1/handler/settings/password = \"hunter2\""),
        ("late-fee", "/sources/app/path = \"postgres://app:hunter2@db/app\""),
    ];
    for (name, edits) in leaks {
        let checked = check(&edited(name, edits).to_string());
        let answer = serde_json::to_string(&checked.problems).unwrap();
        assert!(!checked.problems.is_empty() && !answer.contains("hunter2"), "{answer}");
    }
}

#[test]
fn twenty_mistakes_are_reported_at_once() {
    let problems = check(&text("twenty-mistakes")).problems;
    assert_eq!(problems.len(), 20);
    let mut answer = String::new();
    for problem in &problems {
        answer += &format!("{problem}\n");
        if let Some(hint) = &problem.hint {
            answer += &format!("    hint: {hint}\n");
        }
    }
    expect![[r#"
        INLINE_DATABASE_URL_FORBIDDEN $.sources["shop db"].read_url_env: expected names of environment variables only, found a database URL
            hint: put the URL into an environment variable and its name into `read_url_env` or `write_url_env`
        ARBITRARY_SQL_FORBIDDEN $.capabilities[0].sql: expected no SQL, found the key `sql`
            hint: name the table in `target` and its columns in `visible_columns`
        UNKNOWN_FIELD $.storge: `storge` is not a key of this object
            hint: did you mean `storage`?
        UNSUPPORTED_CONFIG_VERSION $.version: expected `1`, found `2`
        INVALID_MODE $.mode: expected one of `read_only`, `shadow`, `review`, `cloud`, found `reveiw`
            hint: did you mean `review`?
        INVALID_RESULT_FORMAT $.result_format: expected `1` or `2`, found `3`
        INVALID_SOURCE_ENGINE $.sources.app.engine: expected one of `sqlite`, `postgres`, `mysql`, found `oracle`
        UNSAFE_SOURCE_NAME $.sources["shop db"]: the name of a source is an identifier (letters, digits and `_`, at most 63, not starting with a digit)
        READ_URL_ENV_REQUIRED $.sources["shop db"].read_url_env: expected the name of an environment variable (`A-Z`, `0-9` and `_`), found a text that is not shown here
        INVALID_CONTEXT_PROVIDER $.contexts.desk.provider: expected one of `environment`, `static_dev`, `http_claims`, `cloud_session`, found `headers`
        INVALID_CAPABILITY_NAME $.capabilities[0].name: expected two identifiers with one dot between, like `billing.inspect_invoice`, found `inspect`
        UNKNOWN_SOURCE $.capabilities[0].source: expected one of `app`, `shop db`, found `shop`
            hint: did you mean `shop db`?
        UNKNOWN_CONTEXT $.capabilities[0].context: expected `desk`, found `office`
        INVALID_TARGET_IDENTIFIER $.capabilities[0].target.table: expected an identifier (letters, digits and `_`, at most 63, not starting with a digit), found `order-items`
        TENANT_GUARD_REQUIRED $.capabilities[0].target.tenant_key: `tenant_key` is missing: expected the tenant column
            hint: where the table has none and every row is yours, say `single_tenant_dev: true`
        MODEL_CONTROLLED_RESERVED_ARG $.capabilities[0].args.tenant_id: expected nothing the runner itself sets, found `tenant_id`
        INVALID_ARG_TYPE $.capabilities[0].args.tenant_id.type: expected one of `string`, `number`, `boolean`, found `text`
        DUPLICATE_COLUMN $.capabilities[0].visible_columns[1]: the column `ID` stands at `$.capabilities[0].visible_columns[0]` already, as `id`
            hint: keep the spelling that `synapsor inspect` shows
        INVALID_VISIBLE_COLUMN $.capabilities[0].visible_columns[2]: expected an identifier (letters, digits and `_`, at most 63, not starting with a digit), found `select *`
        UNKNOWN_LOOKUP_ARG $.capabilities[0].lookup.id_from_arg: expected one of `args`, found `order_id`
    "#]].assert_eq(&answer);
}
