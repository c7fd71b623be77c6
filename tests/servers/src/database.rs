//! One test's own database: made on first need, dropped with the value.

use std::path::{Path, PathBuf};

use synapsor_protocol::Engine;
use tempfile::TempDir;
use url::Url;

use crate::{server, session::Session};

/// A database that lives as long as this value.
#[derive(Debug)]
pub struct TestDatabase {
    engine: Engine,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// `url` is the superuser's, of this database.
    Server { url: Url, name: String },
    /// The folder is removed with the value.
    File { path: PathBuf, _folder: TempDir },
}

impl TestDatabase {
    pub(crate) async fn on_server(engine: Engine, mut url: Url) -> Self {
        let name = server::fresh_name();
        let sql = match engine {
            Engine::Mysql => format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            Engine::Postgres | Engine::Sqlite => format!("CREATE DATABASE {name}"),
        };
        Session::on_server(engine, &url).await.execute(&sql).await;
        url.set_path(&name);
        Self { engine, place: Place::Server { url, name } }
    }

    pub(crate) fn in_a_file() -> Self {
        let folder = crate::folder();
        let path = folder.path().join("source.db");
        Session::in_file(&path);
        Self { engine: Engine::Sqlite, place: Place::File { path, _folder: folder } }
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The URL of this database, with all rights.
    ///
    /// # Panics
    /// For a SQLite file.
    pub fn url(&self) -> &str {
        match &self.place {
            Place::Server { url, .. } => url.as_str(),
            Place::File { .. } => panic!("a SQLite file has a path, not a URL"),
        }
    }

    /// The URL of this database for another user.
    ///
    /// # Panics
    /// For a SQLite file.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        let mut url = Url::parse(self.url()).expect("our own URL");
        url.set_username(user).expect("a server URL takes a user");
        url.set_password(Some(password)).expect("a server URL takes a password");
        url.into()
    }

    /// The file.
    ///
    /// # Panics
    /// For a database on a server.
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::File { path, .. } => path,
            Place::Server { .. } => panic!("a database on a server has a URL, not a path"),
        }
    }

    /// The schema a config names for this database's tables: `public`, the MySQL database itself, or `main`.
    pub fn schema(&self) -> &str {
        match (&self.place, self.engine) {
            (Place::Server { name, .. }, Engine::Mysql) => name,
            (Place::Server { .. }, _) => "public",
            (Place::File { .. }, _) => "main",
        }
    }

    /// The database's random name, which is also free to use as the name of a role. `None` for a SQLite file.
    pub fn name(&self) -> Option<&str> {
        match &self.place {
            Place::Server { name, .. } => Some(name),
            Place::File { .. } => None,
        }
    }

    /// A connection of its own with all rights, for what must stay open: a transaction, a lock.
    ///
    /// # Panics
    /// When the database cannot be reached.
    pub async fn session(&self) -> Session {
        match &self.place {
            Place::Server { url, .. } => Session::on_server(self.engine, url).await,
            Place::File { path, .. } => Session::in_file(path),
        }
    }

    /// Runs one or more statements with all rights.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn execute(&self, sql: &str) {
        self.session().await.execute(sql).await;
    }

    /// The rows of one query, every column as the database prints it; `None` is NULL.
    ///
    /// # Panics
    /// When the database refuses, or a value is not text (wrap bytes in `hex(..)` or `encode(..)`).
    pub async fn query_text(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.session().await.query_text(sql).await
    }

    /// The first column of the first row; `None` is NULL or no row.
    ///
    /// # Panics
    /// As [`Self::query_text`].
    pub async fn scalar(&self, sql: &str) -> Option<String> {
        self.query_text(sql).await.into_iter().next()?.into_iter().next()?
    }
}

/// Best effort: the whole server is thrown away after the run.
impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Place::Server { url, name } = &self.place else { return };
        let engine = self.engine;
        let sql = match engine {
            Engine::Postgres => format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            Engine::Mysql | Engine::Sqlite => format!("DROP DATABASE IF EXISTS {name}"),
        };
        let mut server = url.clone();
        server.set_path(match engine {
            Engine::Postgres => "postgres",
            Engine::Mysql | Engine::Sqlite => "mysql",
        });
        // A thread of its own: the test's runtime may be the one that is shutting down.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(Session::drop_quietly(engine, &server, &sql));
            }
        });
        let _ = dropping.join();
    }
}
