//! `blocklog doctor`: faults of broker, topics, chain and services, each with its fix.

mod finding;
mod journal;
mod services;

use serde_json::json;
use topics::config::OptionalJournal;

use crate::chains;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Printer, Rows};
use crate::run::{Run, blocking};
use crate::session::Session;
use finding::{Diagnosis, Finding, Level};

// It queries everything reachable, and changes nothing.
/// Find faults of broker, topics and services, each with its fix
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  blocklog doctor\n  blocklog doctor --journal kafka://127.0.0.1:9092 --production"
)]
pub struct Doctor {
    #[command(flatten)]
    journal: OptionalJournal,
    /// Count what is acceptable for a trial as a fault: one replica, named accounts, an empty list of miners
    #[arg(long)]
    production: bool,
}

impl Run for Doctor {
    async fn run(self, session: &Session) -> Outcome {
        let production = self.production;
        let mut diagnosis = Diagnosis::default();
        let mut is_journal_given = false;
        if let Some(args) = self.journal.given() {
            is_journal_given = true;
            let check = move || Ok(journal::check(&args, production));
            diagnosis = blocking("the check of the journal", check).await?;
        }
        services::check(session, production, &mut diagnosis).await;
        let findings = conclude(diagnosis, is_journal_given, production);
        print(&findings, session.printer)?;
        let faults = findings
            .iter()
            .filter(|finding| finding.level == Level::Fault);
        match faults.count() {
            0 => Ok(()),
            faults => {
                Err(Failure::new(Exit::Other, format!("faults to fix: {faults}")).reason("FAULTS"))
            }
        }
    }
}

/// All findings, including those that only follow from all answers together.
fn conclude(diagnosis: Diagnosis, is_journal_given: bool, production: bool) -> Vec<Finding> {
    let Diagnosis {
        mut findings,
        served,
    } = diagnosis;
    if let Some(differences) = chains::differences(&served) {
        let advice = format!(
            "{}, and the journal of that chain with --journal",
            chains::ADVICE
        );
        findings.push(Finding::fault(differences, advice));
    }
    if served.is_empty() && !is_journal_given {
        findings.push(Finding::fault(
            "nothing answered, so nothing was checked",
            "start the services, or name the journal: --journal kafka://HOST:PORT",
        ));
    } else if !is_journal_given {
        findings.push(Finding::risk(
            production,
            "the topics were not checked",
            "name the journal: --journal kafka://HOST:PORT",
        ));
    }
    findings
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
