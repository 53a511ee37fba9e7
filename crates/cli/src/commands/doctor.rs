//! `blocklog doctor`: what is wrong with broker, topics, chain and services, each fault with its fix.

mod log;
mod services;

use serde_json::json;
use topics::config::OptionalJournal;

use crate::chains::{self, Served};
use crate::connect::Connect;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Printer, Rows};

/// Asks everything that can be reached, and changes nothing.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog doctor\n  blocklog doctor --journal kafka://127.0.0.1:9092 --production"
)]
pub struct DoctorArgs {
    #[command(flatten)]
    journal: OptionalJournal,
    /// What is fine for a trial counts as a fault: one replica, named accounts, anybody mining
    #[arg(long)]
    production: bool,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Ok,
    /// A risk.
    Warning,
    /// Must be mended.
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    level: Level,
    what: String,
    fix: String,
}

impl Finding {
    /// As it should be.
    pub fn ok(what: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            what: what.into(),
            fix: String::new(),
        }
    }

    /// A risk.
    pub fn warning(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// Must be mended.
    pub fn fault(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            level: Level::Fault,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// A fault in production, a risk elsewhere.
    pub fn risk(production: bool, what: impl Into<String>, fix: impl Into<String>) -> Self {
        if production {
            Self::fault(what, fix)
        } else {
            Self::warning(what, fix)
        }
    }
}

/// What was found, and which chain was found where.
#[derive(Debug, Default)]
pub struct Looked {
    findings: Vec<Finding>,
    served: Vec<Served>,
}

impl Looked {
    fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

pub async fn run(args: DoctorArgs, connect: &Connect, printer: Printer) -> Outcome {
    let DoctorArgs {
        journal,
        production,
    } = args;
    let mut looked = Looked::default();
    let mut is_journal_given = false;
    if let Some(journal) = journal.given() {
        is_journal_given = true;
        let log = tokio::task::spawn_blocking(move || log::look(&journal, production)).await;
        looked = log.map_err(|error| Failure::new(Exit::Other, error.to_string()))?;
    }
    let services = services::look(connect, production).await;
    let Looked {
        mut findings,
        mut served,
    } = looked;
    findings.extend(services.findings);
    served.extend(services.served);
    if let Some(told) = chains::differences(&served) {
        let advice = format!(
            "{}, and the journal of that chain with --journal",
            chains::ADVICE
        );
        findings.push(Finding::fault(told, advice));
    }
    if served.is_empty() && !is_journal_given {
        findings.push(Finding::fault(
            "nothing answered, so that nothing was looked at",
            "start the services, or name the journal: --journal kafka://HOST:PORT",
        ));
    } else if !is_journal_given {
        findings.push(Finding::risk(
            production,
            "the topics were not looked at",
            "name the journal: --journal kafka://HOST:PORT",
        ));
    }
    let faults = findings
        .iter()
        .filter(|finding| finding.level == Level::Fault)
        .count();
    print(&findings, printer)?;
    if faults > 0 {
        return Err(Failure::new(Exit::Other, format!("to be mended: {faults}")).reason("FAULTS"));
    }
    Ok(())
}

fn print(findings: &[Finding], printer: Printer) -> Outcome {
    let name = |level| match level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Fault => "FAULT",
    };
    if printer.is_human() {
        let rows: Rows = findings
            .iter()
            .flat_map(|finding| {
                let fix = match finding.fix.as_str() {
                    "" => String::new(),
                    fix => format!("  → {fix}"),
                };
                [(name(finding.level), finding.what.clone()), ("", fix)]
            })
            .collect();
        return Ok(printer.value(&json!(null), rows)?);
    }
    for finding in findings {
        let line = json!({ "level": name(finding.level).to_lowercase(), "what": finding.what, "fix": finding.fix });
        printer.line(&line.to_string())?;
    }
    Ok(())
}
