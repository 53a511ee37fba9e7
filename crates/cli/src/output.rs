//! Output of commands: a table or lines for people, proto3 JSON for programs.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use prost::{Message, Name};
use serde_json::Value;

use crate::escape;

/// `--output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables and lines for people.
    #[default]
    Human,
    /// One JSON document per line.
    Json,
}

/// True once the reader of standard output is gone.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// The rows of a two-column listing: name and value.
pub type Rows = Vec<(&'static str, String)>;

/// Prints in the selected format.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    format: Format,
}

impl Printer {
    /// A printer of that format.
    pub fn new(format: Format) -> Self {
        Self { format }
    }

    /// True for human output.
    pub fn is_human(self) -> bool {
        self.format == Format::Human
    }

    /// Prints a message: its JSON, or its rows.
    pub fn message<M: Message + Name>(
        self,
        message: &M,
        rows: impl FnOnce(&M) -> Rows,
    ) -> io::Result<()> {
        match self.format {
            Format::Json => self.line(&proto::json::to_value(message).to_string()),
            Format::Human => self.rows(rows(message)),
        }
    }

    /// Prints a JSON document, or the equivalent rows.
    pub fn value(self, value: &Value, rows: Rows) -> io::Result<()> {
        match self.format {
            Format::Json => self.line(&value.to_string()),
            Format::Human => self.rows(rows),
        }
    }

    /// Prints messages as one JSON line each, or as a table.
    pub fn table<M: Message + Name>(
        self,
        messages: &[M],
        header: &[&str],
        row: impl Fn(&M) -> Vec<String>,
    ) -> io::Result<()> {
        if self.format == Format::Json {
            for message in messages {
                self.line(&proto::json::to_value(message).to_string())?;
            }
            return Ok(());
        }
        if messages.is_empty() {
            return self.line("none");
        }
        let mut table = plain();
        table.set_header(header.to_vec());
        for message in messages {
            table.add_row(row(message).iter().map(|cell| escape::value(cell)));
        }
        self.line(&trimmed(&table))
    }

    /// Prints text with control characters escaped. All output of foreign text comes through here.
    pub fn line(self, text: &str) -> io::Result<()> {
        self.verbatim(&escape::lines(text))
    }

    /// Prints our own text unchanged. Discards it once the reader of the pipe is gone, without effect on the command and its exit
    /// code.
    pub fn verbatim(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                CLOSED.store(true, Ordering::Relaxed);
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// True once the reader of the output is gone: an endless command then ends.
    pub fn is_closed(self) -> bool {
        CLOSED.load(Ordering::Relaxed)
    }

    /// A spinner on the error stream during a wait, for human output only.
    pub fn spinner(self, message: &'static str) -> ProgressBar {
        if !self.is_human() {
            return ProgressBar::hidden();
        }
        let spinner = ProgressBar::new_spinner();
        spinner.set_style(
            ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
                .expect("the template is well-formed"),
        );
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner.set_message(message);
        spinner
    }

    fn rows(self, rows: Rows) -> io::Result<()> {
        let mut table = plain();
        for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
            table.add_row([name, &escape::value(&value)]);
        }
        self.line(&trimmed(&table))
    }
}

fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// Renders a table without the padding of the last column, which breaks lines in narrow terminals.
fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
