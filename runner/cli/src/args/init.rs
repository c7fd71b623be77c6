//! What was typed for `init` and `onboard db`: the decisions a first config needs, each by its flag.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use synapsor_config::Mode;

use super::EngineName;

#[derive(Debug, Subcommand)]
pub(crate) enum Onboard {
    /// Write a first config for a database, and check everything about it
    #[command(
        after_help = "Example:\n  synapsor onboard db --from-env APP_READ_URL --table invoices --accept-suggested --yes"
    )]
    Db(Box<Init>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Recipes {
    /// List them
    #[command(after_help = "Example:\n  synapsor recipes list")]
    List,
    /// Show what one needs and decides
    #[command(
        after_help = "Examples:\n  synapsor recipes show billing.late_fee_waiver\n  synapsor recipes show inventory.reorder --json"
    )]
    Show {
        /// Its name, or a file of one's own that ends in .json
        recipe: String,
    },
    /// Write a first config by a recipe, for a table of one's own
    #[command(
        after_help = "Examples:\n  synapsor recipes init billing.late_fee_waiver --from ./app.db --table invoices\n  synapsor recipes init inventory.reorder --from-env APP_READ_URL --table public.stock_items\n\nEvery flag of `synapsor init` adds to what the recipe decides; one --table says what its table is called here.\nExit codes: as for `synapsor init`"
    )]
    Init(Box<RecipeInit>),
}

#[derive(Debug, Args)]
pub(crate) struct RecipeInit {
    /// Its name, or a file of one's own that ends in .json
    pub(crate) recipe: String,
    #[command(flatten)]
    pub(crate) init: Init,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The database: a SQLite file, or env:NAME for the variable that holds its URL [default: env:SYNAPSOR_DATABASE_READ_URL]
    #[arg(long, value_name = "FILE|env:NAME", conflicts_with = "from_env")]
    pub(crate) from: Option<String>,
    /// The variable that holds the database's URL
    #[arg(long, visible_alias = "url-env", alias = "database-url-env", value_name = "NAME")]
    pub(crate) from_env: Option<String>,
    /// What the URL is for, where its scheme should not say
    #[arg(long, value_enum, default_value_t = EngineName::Auto, value_name = "ENGINE")]
    pub(crate) engine: EngineName,
    /// Only this schema; a database, on MySQL
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// A file with the decisions (`synapsor.answers.v1`); flags are added to it
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    /// Take the first suggestion wherever nothing else is said
    #[arg(long)]
    pub(crate) accept_suggested: bool,
    /// Ask at this terminal, whatever else is said
    #[arg(long, conflicts_with_all = ["yes", "dry_run", "answers"])]
    pub(crate) wizard: bool,
    #[command(flatten)]
    pub(crate) runner: RunnerFlags,
    #[command(flatten)]
    pub(crate) cloud: CloudFlags,
    #[command(flatten)]
    pub(crate) tables: TableFlags,
    #[command(flatten)]
    pub(crate) writing: WritingFlags,
}

impl Init {
    /// Whether anything says what to begin with.
    pub(crate) fn names_a_database(&self) -> bool {
        self.from.is_some()
            || self.from_env.is_some()
            || self.answers.is_some()
            || !self.tables.table.is_empty()
            || self.wizard
    }
}

/// What holds for the whole config.
#[derive(Debug, Args)]
#[command(next_help_heading = "The config")]
pub(crate) struct RunnerFlags {
    /// What the runner may do [default: review where something may be proposed, else read_only]
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) mode: Option<InitMode>,
    /// The source's name in the config [default: app]
    #[arg(long, value_name = "NAME")]
    pub(crate) source_name: Option<String>,
    /// What stands before the dot of every capability's name [default: app]
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// The variable with the URL of the writing credential [default: SYNAPSOR_DATABASE_WRITE_URL]
    #[arg(long, value_name = "NAME")]
    pub(crate) write_url_env: Option<String>,
    /// The variable with the tenant [default: SYNAPSOR_TENANT_ID]
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant_env: Option<String>,
    /// The variable with the principal [default: SYNAPSOR_PRINCIPAL]
    #[arg(long, value_name = "NAME")]
    pub(crate) principal_env: Option<String>,
    /// For development: this tenant, whoever asks
    #[arg(long, value_name = "NAME")]
    pub(crate) dev_tenant: Option<String>,
    /// For development: this principal, whoever asks
    #[arg(long, value_name = "NAME")]
    pub(crate) dev_principal: Option<String>,
}

/// What is known of a hosted service.
#[derive(Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "With --mode cloud")]
pub(crate) struct CloudFlags {
    /// The service's id of the adapter whose tools are served
    #[arg(long, value_name = "ID")]
    pub(crate) adapter: Option<String>,
    /// The service's id of the source the runner token is for [default: SYNAPSOR_SOURCE_ID, when it runs]
    #[arg(long, value_name = "ID")]
    pub(crate) source_id: Option<String>,
    /// The service's id of the project
    #[arg(long, value_name = "ID")]
    pub(crate) project_id: Option<String>,
    /// The variable with the service's URL [default: SYNAPSOR_CLOUD_BASE_URL]
    #[arg(long, value_name = "NAME")]
    pub(crate) base_url_env: Option<String>,
    /// The variable with the runner token [default: SYNAPSOR_RUNNER_TOKEN]
    #[arg(long, value_name = "NAME")]
    pub(crate) runner_token_env: Option<String>,
    /// For whom the runner asks, tenant_id=acme say; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) session: Vec<String>,
}

/// What holds for a table; a value that begins with `TABLE:` for that one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Every table, or `TABLE:` in front for one")]
pub(crate) struct TableFlags {
    /// A table to serve, with or without its schema; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Vec<String>,
    /// The column that finds a row
    #[arg(long, value_name = "COLUMN")]
    pub(crate) primary_key: Vec<String>,
    /// The column that says whose a row is
    #[arg(long, visible_alias = "tenant-column", value_name = "COLUMN")]
    pub(crate) tenant_key: Vec<String>,
    /// All rows belong to the one tenant there is
    #[arg(long)]
    pub(crate) single_tenant_dev: bool,
    /// The column that says which version of a row was seen
    #[arg(long, value_name = "COLUMN")]
    pub(crate) conflict_column: Vec<String>,
    /// No column does: compare every captured column
    #[arg(long)]
    pub(crate) weak_guard: bool,
    /// What a caller and a reviewer see [default: what is neither sensitive nor large]
    #[arg(long, value_name = "COLUMN,…")]
    pub(crate) visible_columns: Vec<String>,
    /// What a proposal sets: COLUMN=fixed:VALUE or COLUMN=arg:NAME, several with commas
    #[arg(long, value_name = "COLUMN=…")]
    pub(crate) patch: Vec<String>,
    /// One column a proposal sets to a fixed value; the value may hold commas
    #[arg(long, value_name = "COLUMN=VALUE")]
    pub(crate) patch_fixed: Vec<String>,
    /// One column a proposal sets to an argument
    #[arg(long, value_name = "COLUMN=NAME")]
    pub(crate) patch_from_arg: Vec<String>,
    /// Have a handler in this language compute what is set, and start its project
    #[arg(long, value_name = "LANG")]
    pub(crate) handler: Vec<String>,
    /// What a handler may set
    #[arg(long, value_name = "COLUMN,…")]
    pub(crate) allowed_columns: Vec<String>,
    /// Of a handler's columns those whose new value the caller says [default: all]
    #[arg(long, value_name = "COLUMN,…")]
    pub(crate) asked_columns: Vec<String>,
    /// Bounds of a number; one side may be left out
    #[arg(long, visible_alias = "patch-bounds", value_name = "COLUMN=MIN:MAX")]
    pub(crate) numeric_bound: Vec<String>,
    /// Allowed state changes
    #[arg(long, visible_alias = "status-guards", value_name = "COLUMN=FROM:TO|TO;FROM:TO")]
    pub(crate) transition_guard: Vec<String>,
    /// What one row is called in names [default: the table in the singular]
    #[arg(long, value_name = "NAME")]
    pub(crate) object_name: Vec<String>,
    /// The argument that carries the key [default: the row's name and `_id`]
    #[arg(long, visible_alias = "id-arg", value_name = "NAME")]
    pub(crate) lookup_arg: Vec<String>,
    /// Whose decision a proposal is, for the reviewer to read
    #[arg(long, value_name = "ROLE")]
    pub(crate) approval_role: Vec<String>,
}

impl TableFlags {
    /// Every flag that takes values, with its values.
    pub(crate) fn lists(&self) -> [(&'static str, &[String]); 16] {
        [
            ("--table", &self.table),
            ("--primary-key", &self.primary_key),
            ("--tenant-key", &self.tenant_key),
            ("--conflict-column", &self.conflict_column),
            ("--visible-columns", &self.visible_columns),
            ("--patch", &self.patch),
            ("--patch-fixed", &self.patch_fixed),
            ("--patch-from-arg", &self.patch_from_arg),
            ("--handler", &self.handler),
            ("--allowed-columns", &self.allowed_columns),
            ("--asked-columns", &self.asked_columns),
            ("--numeric-bound", &self.numeric_bound),
            ("--transition-guard", &self.transition_guard),
            ("--object-name", &self.object_name),
            ("--lookup-arg", &self.lookup_arg),
            ("--approval-role", &self.approval_role),
        ]
    }
}

/// What happens to files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(crate) struct WritingFlags {
    /// Print the config and write nothing
    #[arg(long, conflicts_with_all = ["force", "try_id"])]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Replace files that are there, each kept beside under a name with the time in it
    #[arg(long)]
    pub(crate) force: bool,
    /// Read this row of the first table at the end, by its key, as a client would
    #[arg(long, value_name = "KEY")]
    pub(crate) try_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum InitMode {
    ReadOnly,
    Shadow,
    Review,
    Cloud,
}

impl From<InitMode> for Mode {
    fn from(mode: InitMode) -> Self {
        match mode {
            InitMode::ReadOnly => Self::ReadOnly,
            InitMode::Shadow => Self::Shadow,
            InitMode::Review => Self::Review,
            InitMode::Cloud => Self::Cloud,
        }
    }
}
