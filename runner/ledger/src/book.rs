//! The open ledger, shared by the ledger and its notebooks: one writer, a few readers.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use synapsor_protocol::{Clock, Ids, RedactionKey};
use tokio::sync::OnceCell;

use crate::connection;
use crate::error::{Error, Fault};
use crate::file;
use crate::flush;
use crate::keeping::Lock;
use crate::place::Place;
use crate::postgres::{self, Postgres, Server};
use crate::progress::Progress;
use crate::readers::Readers;
use crate::redaction;
use crate::schema::{self, Founding};
use crate::search;
use crate::sqlite::Sqlite;
use crate::statements::{Opener, Statements, Store};
use crate::writer::{Write, Writer};

/// How to open a ledger.
#[derive(Clone)]
pub struct Opening {
    /// Make the file and its folder, or the tables on the server, where there are none.
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
    pub(crate) place: Place,
    pub(crate) ledger_id: String,
    /// Read once; it never changes.
    redaction_key: OnceCell<RedactionKey>,
    /// What somebody waits for now: a copy, a prune, records that could not be found yet.
    pub(crate) progress: Arc<Progress>,
    /// Says to other processes that the file is in use; given up last.
    _open: Option<Lock>,
}

impl Book {
    /// Opens the ledger; blocks on the disk or the network.
    pub(crate) fn open(place: &Place, opening: Opening) -> Result<Self, Error> {
        match place {
            Place::File(path) => Self::open_file(path, opening),
            Place::Server(server) => Self::open_server(server, opening),
        }
    }

    fn open_file(path: &Path, opening: Opening) -> Result<Self, Error> {
        let path = file::prepare(path, opening.create)?;
        let open = Lock::shared(&path)?;
        let store = Sqlite::new(connection::open_writer(&path, opening.create)?);
        bring_up_to_date(&store, &path, &opening, Founding::Anew)?;
        let ledger_id = schema::ledger_id(&store)?;
        // The checked connection is the one that writes; a file never asks for another.
        let (first, at) = (Mutex::new(Some(store)), path.clone());
        let writer = opener(move || match first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(store) => Ok(store),
            None => connection::open_writer(&at, false).map(Sqlite::new),
        });
        let at = path.clone();
        let reader = opener(move || connection::open_reader(&at).map(Sqlite::new));
        let book = Self::assemble(Place::File(path), ledger_id, writer, reader, opening)?;
        Ok(Self { _open: Some(open), ..book })
    }

    fn open_server(server: &Server, opening: Opening) -> Result<Self, Error> {
        let store = Postgres::connect(server)?;
        postgres::bring_up_to_date(&store, server.database(), &opening, Founding::Anew)?;
        store.begin_reading()?;
        let ledger_id = schema::ledger_id(&store)?;
        store.roll_back();
        // As for a file; another one is for when this one is lost.
        let (first, at, also) = (Mutex::new(Some(store)), server.clone(), server.clone());
        let writer = opener(move || match first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(store) => Ok(store),
            None => Postgres::connect(&at),
        });
        let reader = opener(move || Postgres::connect(&also));
        Self::assemble(Place::Server(server.clone()), ledger_id, writer, reader, opening)
    }

    fn assemble(
        place: Place,
        ledger_id: String,
        writer: Opener,
        reader: Opener,
        opening: Opening,
    ) -> Result<Self, Error> {
        let Opening { clock, ids, .. } = opening;
        let writer = Writer::start(writer, place.file(), Arc::clone(&clock), ids, ledger_id.clone())?;
        let (readers, redaction_key) = (Readers::new(reader), OnceCell::new());
        let progress = Arc::default();
        Ok(Self { readers, writer, clock, place, ledger_id, redaction_key, progress, _open: None })
    }

    /// Looks at the ledger where every record answered before now can be found. Where that cannot be written it is worked out
    /// for this look.
    pub(crate) async fn search<T, F>(&self, look: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Statements) -> Result<T, Error> + Send + 'static,
    {
        match self.bring_up_to_date().await {
            Ok(()) => self.readers.read(look).await,
            Err(error) if matches!(error.fault(), Some(Fault::Full | Fault::ReadOnly | Fault::Busy)) => {
                tracing::warn!(%error, "what records are found by is worked out for one list");
                let look = move |conn: &dyn Statements| match search::work_out(conn)? {
                    Some(()) => look(conn),
                    None => Err(error),
                };
                self.readers.read(look).await
            }
            Err(error) => Err(error),
        }
    }

    /// Sees to it that every record answered before now can be found. What comes in meanwhile may have to wait for the next
    /// look, so that this ends however much that is.
    pub(crate) async fn bring_up_to_date(&self) -> Result<(), Error> {
        let Some((reached, head)) = self.readers.read(search::missing).await? else { return Ok(()) };
        let steps = |upto: i64| upto.saturating_sub(reached).unsigned_abs();
        let work = self.progress.at_work("bringing up to date what records are found by", steps(head));
        loop {
            let upto = self.writer.write(|write| search::step(write.conn, search::STEP_EVENTS_MAX)).await?;
            if upto >= head {
                return Ok(());
            }
            work.moved_to(steps(upto));
        }
    }

    /// Returns once whatever was answered before now is on the disk.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        // A server answers nothing before that.
        let Some(path) = self.place.file().map(Path::to_owned) else { return Ok(()) };
        const STOPPED: Error = Error::Invariant { what: "a flush of the ledger did not finish" };
        tokio::task::spawn_blocking(move || flush::now(&path)).await.map_err(|_| STOPPED)?
    }

    /// The key of redacted values, made where `make` says so and there is none.
    pub(crate) async fn redaction_key(&self, make: bool) -> Result<RedactionKey, Error> {
        let find = async || match self.readers.read(redaction::find).await? {
            Some(key) => Ok(key),
            None if make => self.writer.write(redaction::found).await,
            None => Err(redaction::unreadable()),
        };
        self.redaction_key.get_or_try_init(find).await.cloned()
    }
}

fn opener<S: Store + 'static>(open: impl Fn() -> Result<S, Error> + Send + Sync + 'static) -> Opener {
    Box::new(move || Ok(Box::new(open()?) as Box<dyn Store>))
}

/// Brings the file's tables up to date, and makes them where there are none and that is allowed.
pub(crate) fn bring_up_to_date(
    store: &Sqlite,
    path: &Path,
    opening: &Opening,
    founding: Founding<'_>,
) -> Result<(), Error> {
    // A table that others refer to is made anew on the way; where nobody has to wait for that, they are left alone.
    let older = schema::is_older(&store.conn)?;
    if older {
        connection::hold_references(&store.conn, false)?;
    }
    let ended = bring_tables_up_to_date(store, path, opening, founding);
    if older {
        connection::hold_references(&store.conn, true)?;
    }
    ended
}

fn bring_tables_up_to_date(
    store: &Sqlite,
    path: &Path,
    opening: &Opening,
    founding: Founding<'_>,
) -> Result<(), Error> {
    // Of several processes that open a fresh file, one makes it and the others find it made.
    store.begin_writing()?;
    let write = Write::new(store, opening.clock.as_ref(), opening.ids.as_ref(), "");
    // Another process may have migrated the file since we looked.
    let migrated = schema::admit(&store.conn, path, opening.create)
        .and_then(|()| schema::migrate(&store.conn, &write, path, founding));
    let ended = migrated.and_then(|()| store.commit());
    if ended.is_err() {
        store.roll_back();
    }
    ended
}
