//! The two ends of a migration: the ledger that is read, and the place that is filled.

use std::sync::Arc;

use synapsor_protocol::Digest;

use super::looking;
use crate::book::{self, Opening};
use crate::chain;
use crate::connection;
use crate::error::Error;
use crate::file;
use crate::keeping::Lock;
use crate::place::Place;
use crate::postgres::{self, Postgres};
use crate::progress::Progress;
use crate::report::ChainReport;
use crate::schema::{self, Founding, Identity};
use crate::sqlite::Sqlite;
use crate::statements::{Statements, Store, cells};
use crate::verify::{self, Verification};

/// The ledger that is read.
pub(super) struct Source {
    pub(super) store: Box<dyn Store>,
    pub(super) ledger_id: String,
    /// Nobody writes to a file meanwhile.
    _alone: Option<Lock>,
}

impl Source {
    /// As every command does, this brings an older one up to date first.
    pub(super) fn open(place: &Place, opening: &Opening) -> Result<Self, Error> {
        let opening = Opening { create: false, ..opening.clone() };
        let (store, alone): (Box<dyn Store>, _) = match place {
            Place::File(path) => {
                let path = file::prepare(path, false)?;
                let alone = Lock::alone(&path)?;
                let reader = connection::open_reader(&path)?;
                schema::admit(&reader, &path, false)?;
                if schema::is_older(&reader)? {
                    let writer = Sqlite::new(connection::open_writer(&path, false)?);
                    book::bring_up_to_date(&writer, &path, &opening, Founding::Anew)?;
                }
                (Box::new(Sqlite::new(reader)), Some(alone))
            }
            Place::Server(server) => {
                let store = Postgres::connect(server)?;
                postgres::bring_up_to_date(&store, server.database(), &opening, Founding::Anew)?;
                (Box::new(store), None)
            }
        };
        let ledger_id = looking(store.as_ref(), schema::ledger_id)?;
        Ok(Self { store, ledger_id, _alone: alone })
    }

    /// What does not verify is not carried on.
    pub(super) fn verified(&self, progress: &Arc<Progress>) -> Result<ChainReport, Error> {
        let against = Verification { progress: Arc::clone(progress), ..Verification::default() };
        let report = looking(self.store.as_ref(), |conn| verify::verify(conn, &self.ledger_id, &against))?;
        match report.misfit {
            Some(misfit) => Err(Error::NotIntact { what: "ledger", misfit }),
            None => Ok(report),
        }
    }
}

/// The place that is filled.
pub(super) struct Target {
    pub(super) store: Box<dyn Store>,
    /// An earlier migration came to its end.
    pub(super) finished: bool,
    _alone: Option<Lock>,
}

impl Target {
    /// Makes the tables where there are none, without a ledger in them.
    pub(super) fn open(place: &Place, ledger_id: &str, opening: &Opening) -> Result<Self, Error> {
        let opening = Opening { create: true, ..opening.clone() };
        let founding = Founding::CopyOf(ledger_id);
        let (store, alone): (Box<dyn Store>, _) = match place {
            Place::File(path) => {
                let path = file::prepare(path, true)?;
                let alone = Lock::alone(&path)?;
                let store = Sqlite::new(connection::open_writer(&path, true)?);
                book::bring_up_to_date(&store, &path, &opening, founding)?;
                (Box::new(store), Some(alone))
            }
            Place::Server(server) => {
                let store = Postgres::connect(server)?;
                postgres::bring_up_to_date(&store, server.database(), &opening, founding)?;
                (Box::new(store), None)
            }
        };
        let (found, finished) = match looking(store.as_ref(), schema::identity)? {
            Identity::Whole(id) => (id, true),
            Identity::Unfinished(id) => (id, false),
        };
        if found != ledger_id {
            return Err(Error::Occupied { why: "another ledger" });
        }
        Ok(Self { store, finished, _alone: alone })
    }

    /// Fills in what comes after the head, whole or not at all.
    pub(super) fn write(
        &self,
        head: &(i64, Digest),
        fill: impl FnOnce(&dyn Statements) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.store.begin_writing()?;
        let filled = self.held(head).and_then(|()| fill(self.store.statements()));
        let ended = filled.and_then(|()| self.store.commit());
        if ended.is_err() {
            self.store.roll_back();
        }
        ended
    }

    /// From here on it is a ledger.
    pub(super) fn finish(&self, head: &(i64, Digest), belongings: &[(String, String)]) -> Result<(), Error> {
        self.write(head, |conn| schema::finish_copy(conn, belongings))
    }

    /// Of two migrations into one place, one goes on.
    fn held(&self, head: &(i64, Digest)) -> Result<(), Error> {
        let conn = self.store.statements();
        // A server locks the row, so whoever comes second sees what the first has done.
        let sql = "UPDATE meta SET value = value WHERE name = 'unfinished_ledger_id'";
        let unfinished = conn.execute("go on with a migration", sql, cells![])?;
        if unfinished == 1 && chain::head(conn)? == *head { Ok(()) } else { Err(Error::InUse) }
    }
}
