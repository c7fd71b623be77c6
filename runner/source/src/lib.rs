//! Scoped single-row reads from SQLite, Postgres and MySQL/MariaDB
