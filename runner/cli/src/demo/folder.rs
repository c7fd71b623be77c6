//! The demo's folder: a SQLite source, a config and a handler bundle, all carried inside the binary.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use synapsor_protocol::{Code, Digest, Refusal};

const SCHEMA: &str = include_str!("../../../../fixtures/demo/sqlite.sql");
const CONFIG: &str = include_str!("../../../../fixtures/demo/synapsor.runner.json");
const MANIFEST: &str = include_str!("../../../../handlers/late-fee/handler.json");
const CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../handlers/late-fee/cases");
const COMPONENT: &[u8] = include_bytes!("../../../../handlers/late-fee/late-fee.wasm");

/// What stands in the config where the component's digest belongs.
const DIGEST_BLANK: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What the demo writes, and so what `--force` may replace.
const FILES: [&str; 5] = ["app.db", "synapsor.runner.json", ".synapsor", "handlers/late-fee", "app.db-wal"];

/// A prepared folder.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Writes the demo's files into `wanted`, or into a new temporary folder that stays.
    pub(super) fn prepare(wanted: Option<&Path>, force: bool) -> Result<Self, Refusal> {
        let folder = match wanted {
            Some(path) => Self::named(path, force)?,
            None => tempfile::Builder::new()
                .prefix("synapsor-demo-")
                .tempdir()
                .map_err(|error| cannot("create a temporary folder", Path::new(""), &error))?
                .keep(),
        };
        let this = Self(std::path::absolute(&folder).map_err(|error| cannot("find", &folder, &error))?);
        this.write("handlers/late-fee/handler.json", MANIFEST.as_bytes())?;
        this.write("handlers/late-fee/late-fee.wasm", COMPONENT)?;
        for case in CASES.files() {
            this.write(&format!("handlers/late-fee/cases/{}", case.path().display()), case.contents())?;
        }
        let config = CONFIG.replace(DIGEST_BLANK, Digest::of_bytes(COMPONENT).as_str());
        this.write("synapsor.runner.json", config.as_bytes())?;
        super::source::create(&this.database(), SCHEMA)?;
        Ok(this)
    }

    /// An earlier demo is replaced only when asked to; anything else in the folder is left alone.
    fn named(path: &Path, force: bool) -> Result<PathBuf, Refusal> {
        for name in FILES {
            let file = path.join(name);
            if !file.exists() {
                continue;
            }
            if !force {
                return Err(Refusal::new(Code::InvalidInput, format!("`{}` exists already", file.display()))
                    .hint("choose another --folder, or replace an earlier demo with --force"));
            }
            let removed =
                if file.is_dir() { std::fs::remove_dir_all(&file) } else { std::fs::remove_file(&file) };
            removed.map_err(|error| cannot("replace", &file, &error))?;
        }
        Ok(path.to_owned())
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<(), Refusal> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        std::fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))?;
        std::fs::write(&path, content).map_err(|error| cannot("write", &path, &error))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn config(&self) -> PathBuf {
        self.0.join("synapsor.runner.json")
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.0.join(".synapsor/local.db")
    }

    pub(super) fn database(&self) -> PathBuf {
        self.0.join("app.db")
    }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("cannot {what} `{}`: {}", path.display(), error.kind()))
}
