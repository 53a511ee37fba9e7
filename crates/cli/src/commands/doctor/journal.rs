//! Checks of the journal: that it is reachable, and that its topics are as a chain needs them.

use std::sync::Arc;

use chain::Rules;
use journal::{Description, Journal, Mismatch, Setting, TopicSpec};
use topics::bootstrap::find_genesis;
use topics::config::JournalArgs;

use super::finding::{Diagnosis, Finding};
use crate::chains::Served;

/// Replicas that survive the loss of a broker while another one is being replaced.
const REPLICAS: u32 = 3;

/// Checks the journal and its topics.
pub fn check(args: &JournalArgs, production: bool) -> Diagnosis {
    match rules(args) {
        Ok((journal, rules)) => {
            let findings = chain(&journal, &rules, production);
            let served = vec![Served {
                by: format!("journal {}", args.journal),
                name: rules.genesis.name.clone(),
                id: rules.chain_id,
            }];
            Diagnosis { findings, served }
        }
        Err(fault) => Diagnosis {
            findings: vec![fault],
            served: Vec::new(),
        },
    }
}

/// The journal and the rules of the chain in it.
fn rules(args: &JournalArgs) -> Result<(Journal, Arc<Rules>), Finding> {
    let journal = args.open_existing("blocklog").map_err(|error| {
        Finding::fault(
            format!("the journal {} does not open: {error}", args.journal),
            "start the broker, or correct --journal",
        )
    })?;
    match find_genesis(&journal) {
        Ok(Some(rules)) => Ok((journal, rules)),
        Ok(None) => Err(Finding::fault(
            "there is no block 0",
            "blocklog init --genesis FILE, or start a service with --genesis",
        )),
        Err(error) => Err(Finding::fault(
            format!("the blockchain topic cannot be read: {error}"),
            "see the broker's log output",
        )),
    }
}

fn chain(journal: &Journal, rules: &Rules, production: bool) -> Vec<Finding> {
    let genesis = &rules.genesis;
    let mut findings = vec![Finding::ok(format!(
        "chain {} {}",
        genesis.name, rules.chain_id
    ))];
    if genesis.open {
        findings.push(Finding::risk(
            production,
            "named accounts need no signature (open)",
            "for records that matter create a chain without --open",
        ));
    }
    if genesis.miners.is_empty() {
        // Only an admin can start the list later.
        let fix = match genesis.admin {
            Some(_) => "`blocklog admin miner add`, unless the admin has done it since",
            None => {
                "create a chain that lists them, because this one has no admin to do it: `blocklog genesis new --allow-miner ACCOUNT`"
            }
        };
        findings.push(Finding::risk(production, "genesis lists no miners: anyone who may write to the blockchain topic can void future offsets", fix));
    }
    let imported = journal.expect_writable().is_err();
    if imported {
        findings.push(Finding::ok(
            "an imported chain, read-only and without its transactions topic: a ledger serves it",
        ));
    }
    for spec in topics::specs(genesis) {
        if !imported || spec.name != topics::TRANSACTIONS {
            findings.extend(topic(journal, &spec, production));
        }
    }
    findings
}

fn topic(journal: &Journal, spec: &TopicSpec, production: bool) -> Vec<Finding> {
    let name = journal.topic_name(&spec.name);
    let described = match journal.describe(spec) {
        Ok(Some(described)) => described,
        Ok(None) => {
            return vec![Finding::fault(
                format!("topic {name} does not exist"),
                "blocklog init --genesis FILE",
            )];
        }
        Err(error) => {
            return vec![Finding::fault(
                format!("topic {name}: {error}"),
                "see the broker's log output, and the ACLs",
            )];
        }
    };
    let mut findings: Vec<Finding> = faults(&name, &described);
    if findings.is_empty() {
        findings.push(Finding::ok(format!(
            "topic {name}: {} partitions, all settings correct",
            described.partitions
        )));
    }
    if described.replicas < REPLICAS {
        let single = format!(
            "topic {name} has {} replica(s): acknowledged records are only as safe as the page cache and disk of so many brokers",
            described.replicas
        );
        findings.push(Finding::risk(
            production,
            single,
            "run three brokers, --replication 3 --min-insync 2",
        ));
    }
    findings
}

fn faults(name: &str, described: &Description) -> Vec<Finding> {
    let findings = described.mismatches.iter().map(|mismatch| {
        let what = format!(
            "topic {name}: {} is {}, should be {}",
            mismatch.setting, mismatch.found, mismatch.expected
        );
        let fix = fix(name, mismatch);
        match mismatch.fatal {
            true => Finding::fault(what, fix),
            false => Finding::warning(what, fix),
        }
    });
    findings.collect()
}

fn fix(name: &str, mismatch: &Mismatch) -> String {
    let Mismatch {
        setting, expected, ..
    } = mismatch;
    match (*setting == Setting::Partitions, mismatch.fatal) {
        (true, true) => {
            format!("kafka-topics.sh --alter --topic {name} --partitions {expected}")
        }
        (true, false) => format!(
            "none: Kafka cannot remove partitions; publish to the first {expected}, records in others are in no block"
        ),
        (false, _) => {
            format!("kafka-configs.sh --alter --topic {name} --add-config {setting}={expected}")
        }
    }
}
