//! Database servers of our own, killed with SIGKILL around COMMIT and started again on their data.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use synapsor_protocol::Engine;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::bench::Bench;
use crate::proxy::{Action, At, Plan};
use crate::table::Table;
use crate::trial::{Blow, Case, run_with};
use crate::volume::{Draw, volume};

/// A server is up again within this.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// The moments after COMMIT reached the server at which it is killed, in microseconds.
const AFTER_COMMIT_US: u64 = 6_000;
const ROUNDS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_around_commit_keeps_all_of_the_change_or_nothing() {
    let mut draw = Draw::new();
    let mut table = Table::default();
    for engine in [Engine::Postgres, Engine::Mysql] {
        let mut server = Server::start(engine).await;
        let bench = Bench::on(server.database().await).await;
        for round in 0..ROUNDS * volume() {
            let (mode, action) = match round % 2 {
                0 => ("killed before COMMIT reaches it", Action::Hold),
                _ => ("killed a moment after", Action::Delay(Duration::ZERO)),
            };
            let after =
                Duration::from_micros(if action == Action::Hold { 0 } else { draw.below(AFTER_COMMIT_US) });
            let plan = Plan::new(At::Commit, action);
            let (point, mode) = (Some("COMMIT".into()), format!("server {mode}"));
            let case = Case { engine, point, mode, blow: Blow::Cut(plan), may_say: &[] };
            table.add(run_with(&bench, &case, plan, server.killed_and_restarted(after)).await);
        }
    }
    table.finish(&format!("the server is killed and restarted ({})", draw.setting()));
}

/// A running server with a folder of its own. Killed when dropped.
struct Server {
    engine: Engine,
    home: TempDir,
    port: u16,
    password: String,
    child: Child,
}

impl Server {
    async fn start(engine: Engine) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).expect("the system gives random bytes");
        let password: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        run(Command::new("chmod").arg("755").arg(home.path()));
        let own = home.path().join("own");
        std::fs::create_dir(&own).expect("a folder");
        match engine {
            Engine::Postgres => make_postgres(&own, &password),
            Engine::Mysql => make_mariadb(&own, &password),
            Engine::Sqlite => panic!("SQLite has no server"),
        }
        let child = launch(engine, &own, port);
        let mut server = Self { engine, home, port, password, child };
        server.answers().await;
        server
    }

    async fn database(&self) -> synapsor_test_servers::TestDatabase {
        let Self { port, password, .. } = self;
        let (scheme, name) = match self.engine {
            Engine::Postgres => ("postgres", "postgres"),
            _ => ("mysql", "mysql"),
        };
        let url = format!("{scheme}://synapsor:{password}@127.0.0.1:{port}/{name}");
        synapsor_test_servers::database_at(self.engine, &url).await
    }

    /// Dies at that moment, and comes back on the same data and port.
    async fn killed_and_restarted(&mut self, after: Duration) {
        tokio::time::sleep(after).await;
        self.kill();
        self.launch();
        self.answers().await;
    }

    /// All of its processes at once.
    fn kill(&mut self) {
        let pid = self.child.id();
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let mut kill = Command::new("kill");
        kill.arg("-KILL").arg(pid.to_string()).args(children.split_whitespace());
        // One that is gone already is as dead as it should be.
        let _ = kill.stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }

    fn launch(&mut self) {
        self.child = launch(self.engine, &self.home.path().join("own"), self.port);
    }

    /// Waits until it takes connections and has recovered.
    async fn answers(&mut self) {
        let started = Instant::now();
        while started.elapsed() < STARTS_WITHIN {
            let reached = TcpStream::connect(("127.0.0.1", self.port)).await.is_ok();
            if reached && self.is_ready() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            // The shared memory of the one that died may not be gone yet.
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                self.launch();
            }
        }
        panic!("the private {} server does not start", self.engine);
    }

    fn is_ready(&self) -> bool {
        let mut ask = match self.engine {
            Engine::Postgres => {
                let mut ask = Command::new(postgres_bin().join("psql"));
                ask.args([
                    "-qXAt",
                    "-h",
                    "127.0.0.1",
                    "-U",
                    "synapsor",
                    "-d",
                    "postgres",
                    "-c",
                    "SELECT 1",
                    "-p",
                ]);
                ask.arg(self.port.to_string()).env("PGPASSWORD", &self.password);
                ask
            }
            _ => {
                let mut ask = Command::new("mariadb");
                ask.args(["--no-defaults", "-h", "127.0.0.1", "-u", "synapsor", "-e", "SELECT 1", "-P"]);
                ask.arg(self.port.to_string()).env("MYSQL_PWD", &self.password);
                ask
            }
        };
        ask.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Server {
    /// On QUIT PostgreSQL gives the system its shared memory back and ends at once; whatever lingers is killed.
    fn drop(&mut self) {
        let asked = Instant::now();
        let _ = Command::new("kill").arg("-QUIT").arg(self.child.id().to_string()).status();
        while asked.elapsed() < Duration::from_secs(3) && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
        }
    }
}

/// Neither server runs as root; both die with this process.
fn as_user(user: &str, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("setpriv");
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if root {
        command.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(program.as_ref());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run(command: &mut Command) {
    let ended = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(ended.success(), "{command:?}: {ended}");
}

/// Where Debian keeps the newest server's programs.
fn postgres_bin() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("the Debian package `postgresql`");
    let newest =
        versions.filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse::<u32>().ok()).max();
    Path::new("/usr/lib/postgresql").join(newest.expect("a server").to_string()).join("bin")
}

fn own(folder: &Path, user: &str) {
    if std::fs::metadata(folder).is_ok_and(|found| std::os::unix::fs::MetadataExt::uid(&found) == 0) {
        run(Command::new("chown").args(["-R", user]).arg(folder));
    }
}

fn make_postgres(home: &Path, password: &str) {
    let secret = home.join("password");
    std::fs::write(&secret, password).expect("a file");
    own(home, "postgres");
    let mut make = as_user("postgres", postgres_bin().join("initdb"));
    make.arg("-D").arg(home.join("data")).arg("--pwfile").arg(secret).current_dir(home);
    run(make.args(["-U", "synapsor", "-A", "md5", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"]));
}

fn make_mariadb(home: &Path, password: &str) {
    let users = format!(
        "CREATE USER IF NOT EXISTS 'synapsor'@'%' IDENTIFIED BY '{password}';
         GRANT ALL PRIVILEGES ON *.* TO 'synapsor'@'%' WITH GRANT OPTION;"
    );
    std::fs::write(home.join("init.sql"), users.replace('\n', " ").replace("; ", ";\n")).expect("a file");
    own(home, "mysql");
    let mut make = as_user("mysql", "mariadb-install-db");
    make.arg("--no-defaults").arg(format!("--datadir={}", home.join("data").display())).current_dir(home);
    run(make.args(["--skip-test-db", "--auth-root-authentication-method=normal"]));
}

fn launch(engine: Engine, home: &Path, port: u16) -> Child {
    let mut server = match engine {
        Engine::Postgres => {
            let mut server = as_user("postgres", postgres_bin().join("postgres"));
            server.arg("-D").arg(home.join("data")).arg("-k").arg(home).arg("-c").arg(format!("port={port}"));
            // The default an acknowledged commit must survive all the same.
            server.args(["-c", "synchronous_commit=off", "-c", "wal_writer_delay=10s"]);
            server.args(["-c", "listen_addresses=127.0.0.1", "-c", "password_encryption=md5"]);
            // In the data folder, so that a killed server leaves nothing behind when the folder goes.
            server.args(["-c", "dynamic_shared_memory_type=mmap"]);
            server
        }
        _ => {
            let mut server = as_user("mysql", "mariadbd");
            server.arg("--no-defaults").arg("--datadir").arg(home.join("data")).arg("--tmpdir").arg(home);
            server.arg("--socket").arg(home.join("socket")).arg("--pid-file").arg(home.join("pid"));
            server.arg("--init-file").arg(home.join("init.sql")).arg("--port").arg(port.to_string());
            server.args(["--bind-address", "127.0.0.1", "--skip-name-resolve", "--skip-log-bin"]);
            server.args(["--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=1"]);
            server
        }
    };
    server.current_dir(home).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    server.spawn().expect("`setpriv` of util-linux, and the server")
}
