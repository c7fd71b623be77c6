//! What came out: a table with ratios, and whether each is what it has to be.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// The times of many calls, in order.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) fn p50(&self) -> Duration {
        self.at(50)
    }

    fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }
}

/// Everything that is measured; of ours first, then of the peer's where there is one.
pub(crate) struct Report {
    proposals: usize,
    pub(crate) first_answer: Vec<Duration>,
    pub(crate) idle_kib: Vec<u64>,
    pub(crate) echo: Option<Duration>,
    pub(crate) http: Vec<Times>,
    pub(crate) http_cpu: Vec<Duration>,
    pub(crate) stdio: Vec<Times>,
    pub(crate) stdio_cpu: Vec<Duration>,
    pub(crate) per_second: Vec<f64>,
    /// Ours with its files on a disk, to ours with its files in memory.
    pub(crate) disk: Option<f64>,
    /// Ours with very many proposals, to ours with ten.
    pub(crate) history: Option<f64>,
}

/// One line: what was measured of each, and what it has to be.
struct Row {
    what: String,
    /// Ours and the peer's, as they are printed.
    shown: Vec<String>,
    /// The number that has to be something.
    number: Option<f64>,
    bound: Bound,
}

impl Row {
    /// What was not measured cannot be wrong.
    fn holds(&self) -> bool {
        self.number.is_none_or(|number| self.bound.holds(number))
    }
}

enum Bound {
    AtMost(f64, &'static str),
    AtLeast(f64, &'static str),
    None,
}

impl Bound {
    fn holds(&self, number: f64) -> bool {
        match self {
            Self::AtMost(bound, _) => number <= *bound,
            Self::AtLeast(bound, _) => number >= *bound,
            Self::None => true,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::AtMost(bound, unit) => format!("at most {bound}{unit}"),
            Self::AtLeast(bound, unit) => format!("at least {bound}{unit}"),
            Self::None => String::new(),
        }
    }
}

impl Report {
    pub(crate) fn new(proposals: usize) -> Self {
        Self {
            proposals,
            first_answer: Vec::new(),
            idle_kib: Vec::new(),
            echo: None,
            http: Vec::new(),
            http_cpu: Vec::new(),
            stdio: Vec::new(),
            stdio_cpu: Vec::new(),
            per_second: Vec::new(),
            disk: None,
            history: None,
        }
    }

    fn rows(&self) -> Vec<Row> {
        let p50 = |times: &[Times]| times.iter().map(Times::p50).map(micros).collect::<Vec<_>>();
        let p99 = |times: &[Times]| times.iter().map(|times| micros(times.at(99))).collect::<Vec<_>>();
        let cpu = |used: &[Duration]| used.iter().copied().map(micros).collect::<Vec<_>>();
        let mebibytes: Vec<f64> = self.idle_kib.iter().map(|kib| *kib as f64 / 1024.0).collect();
        let first: Vec<f64> = self.first_answer.iter().map(|first| first.as_secs_f64() * 1e3).collect();
        let quick = || Bound::AtMost(0.8, " times");
        let mut rows = vec![
            compared("a read over HTTP, p50", "us", &p50(&self.http), quick()),
            compared("a read over HTTP, p99", "us", &p99(&self.http), Bound::None),
            compared("processor time of a read over HTTP", "us", &cpu(&self.http_cpu), quick()),
            compared("a read over stdio, p50", "us", &p50(&self.stdio), quick()),
            compared("a read over stdio, p99", "us", &p99(&self.stdio), Bound::None),
            compared("processor time of a read over stdio", "us", &cpu(&self.stdio_cpu), quick()),
            compared("reads in a second, 8 clients", "", &self.per_second, Bound::AtLeast(1.3, " times")),
            absolute("start to first answer", "ms", &first, Bound::AtMost(30.0, " ms")),
            absolute("memory when idle", "MiB", &mebibytes, Bound::AtMost(40.0, " MiB")),
        ];
        let ratio = |what: String, number: Option<f64>, bound| Row {
            what,
            shown: vec![number.map(|number| format!("{number:.2} times")).unwrap_or_default()],
            number,
            bound,
        };
        let own = self.http.first().map(Times::p50);
        let echo = own.zip(self.echo).map(|(own, echo)| own.as_secs_f64() / echo.as_secs_f64());
        rows.push(ratio(
            "a read over HTTP, to a bare echo of the same server library".to_owned(),
            echo,
            Bound::None,
        ));
        rows.push(ratio(
            "the same with the files on this disk, to memory".to_owned(),
            self.disk,
            Bound::None,
        ));
        let history = format!("the same with {} proposals in the ledger, to 10", self.proposals);
        rows.push(ratio(history, self.history, Bound::AtMost(1.25, " times")));
        rows
    }

    pub(crate) fn table(&self) -> String {
        let mut table =
            String::from("| What | Here | Toolbox | Ratio | Has to be |\n| --- | --- | --- | --- | --- |\n");
        for row in self.rows() {
            let shown = |at: usize| row.shown.get(at).map_or("", String::as_str);
            let ratio = row.shown.get(2).map_or("", String::as_str);
            // Writing to a text does not fail.
            let _ = writeln!(
                table,
                "| {} | {} | {} | {ratio} | {}{} |",
                row.what,
                shown(0),
                shown(1),
                row.bound.text(),
                if row.holds() { "" } else { ": **missed**" }
            );
        }
        table
    }

    /// Replaces the page of measurements.
    pub(crate) fn write(&self) {
        let page = format!(
            "# Measured\n\nWritten by `cargo bench --workspace --bench http -- --peer PATH/toolbox --proposals {} --write`; do not edit.\n\n\
             A read of one row by its key with its record in the ledger, next to Google's MCP Toolbox (npm `@toolbox-sdk/server`) with the \
             same select on the same SQLite file and nothing recorded. Both are asked in turns in the same seconds. The times are those of \
             one shared machine and mean nothing elsewhere; the ratios are what counts.\n\n{}",
            self.proposals,
            self.table()
        );
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/measured.md");
        std::fs::write(&path, page).expect("the page is written");
    }

    /// Ends with an error where something is not what it has to be.
    pub(crate) fn judge(&self) {
        let rows = self.rows();
        let misses = rows.iter().filter(|row| !row.holds());
        let misses: Vec<&str> = misses.map(|row| row.what.as_str()).collect();
        assert!(misses.is_empty(), "not what it has to be: {misses:?}");
    }
}

/// A line of which the ratio has to be something.
fn compared(what: &str, unit: &str, numbers: &[f64], bound: Bound) -> Row {
    let mut row = absolute(what, unit, numbers, bound);
    row.number = match numbers {
        [own, peer] => Some(own / peer),
        _ => None,
    };
    row
}

/// A line of which our own number has to be something.
fn absolute(what: &str, unit: &str, numbers: &[f64], bound: Bound) -> Row {
    let mut shown: Vec<String> =
        numbers.iter().map(|number| format!("{number:.0} {unit}").trim().to_owned()).collect();
    if let [own, peer] = numbers {
        shown.push(format!("{:.2}", own / peer));
    }
    Row { what: what.to_owned(), shown, number: numbers.first().copied(), bound }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
