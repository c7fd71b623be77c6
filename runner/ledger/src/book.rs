//! The open file, shared by the ledger and its notebooks: one writer, a few readers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use synapsor_protocol::{Clock, Ids};

use crate::connection;
use crate::error::Error;
use crate::file;
use crate::keeping::Lock;
use crate::readers::Readers;
use crate::schema;
use crate::sqlite::Sqlite;
use crate::statements::Store;
use crate::writer::{Write, Writer};

/// How to open a ledger.
#[derive(Clone)]
pub struct Opening {
    /// Make the file, and its folder, where there is none.
    pub create: bool,
    /// When things happen.
    pub clock: Arc<dyn Clock>,
    /// Where the ledger's own id and the ids of jobs come from.
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("create", &self.create).finish_non_exhaustive()
    }
}

pub(crate) struct Book {
    // Before the writer: the connection closed last folds the log back, and a reader may not.
    pub(crate) readers: Readers,
    pub(crate) writer: Writer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) path: PathBuf,
    pub(crate) ledger_id: String,
    /// Says to other processes that the ledger is in use; given up last.
    _open: Lock,
}

impl Book {
    /// Opens the file; blocks on the disk.
    pub(crate) fn open(path: &Path, opening: Opening) -> Result<Self, Error> {
        let path = file::prepare(path, opening.create)?;
        let open = Lock::shared(&path)?;
        let store = Sqlite(connection::open_writer(&path, opening.create)?);
        bring_up_to_date(&store, &path, &opening)?;
        let ledger_id = schema::ledger_id(&store)?;
        let Opening { clock, ids, .. } = opening;
        let writer = Writer::start(Box::new(store), Arc::clone(&clock), ids, ledger_id.clone())?;
        let file = path.clone();
        let reader = move || Ok(Box::new(Sqlite(connection::open_reader(&file)?)) as Box<dyn Store>);
        Ok(Self { readers: Readers::new(Box::new(reader)), writer, clock, path, ledger_id, _open: open })
    }
}

fn bring_up_to_date(store: &Sqlite, path: &Path, opening: &Opening) -> Result<(), Error> {
    // Of several processes that open a fresh file, one makes it and the others find it made.
    store.begin_writing()?;
    let write =
        Write { conn: store, clock: opening.clock.as_ref(), ids: opening.ids.as_ref(), ledger_id: "" };
    // Another process may have migrated the file since we looked.
    let migrated =
        schema::admit(&store.0, path, opening.create).and_then(|()| schema::migrate(&store.0, &write, path));
    let ended = migrated.and_then(|()| store.commit());
    if ended.is_err() {
        store.roll_back();
    }
    ended
}
