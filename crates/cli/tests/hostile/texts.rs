//! Control sequences in strings of services. Every command here is checked not to print them.

use proto::ingest::v1::GetSubmissionInfoResponse;
use proto::ledger::v1 as ledger;
use proto::miner::v1::GetMinerStatusResponse;
use proto::types::v1::Transaction;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::world::{Ended, Lies, World};

/// The title of the window, a cleared screen, colour by one character of C1, text turned round, a forged line.
const EVIL: &str =
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil\u{2066}\r\nforged  INCLUDED\u{7f}";

fn text() -> String {
    EVIL.to_owned()
}

fn transaction() -> Transaction {
    Transaction {
        id: text(),
        sender: text(),
        recipient: text(),
        memo: text(),
        ..Default::default()
    }
}

fn record() -> ledger::Record {
    ledger::Record {
        record_hash: text(),
        transaction: Some(transaction()),
        ..Default::default()
    }
}

fn lies() -> Lies {
    Lies::default()
        .about(
            "GetLedgerInfo",
            |reply: &mut ledger::GetLedgerInfoResponse| {
                reply.chain_name = text();
                reply.version = text();
            },
        )
        .about(
            "GetSubmissionInfo",
            |reply: &mut GetSubmissionInfoResponse| {
                reply.chain_name = text();
                reply.topic = text();
            },
        )
        .about("GetMinerStatus", |reply: &mut GetMinerStatusResponse| {
            reply.status.as_mut().expect("a status").account = text();
        })
        .about("ListPending", |reply: &mut ledger::ListPendingResponse| {
            reply.records = vec![record()];
        })
        .about("ListMiners", |reply: &mut ledger::ListMinersResponse| {
            let account = text();
            reply.miners = vec![ledger::Miner {
                account,
                ..Default::default()
            }];
        })
        .about(
            "ListCandidates",
            |reply: &mut ledger::ListCandidatesResponse| {
                reply.candidates = vec![ledger::Candidate {
                    hash: text(),
                    // As long as a key, of characters of two bytes.
                    miner: format!("a{}{}", "é".repeat(20), text()),
                    reason: text(),
                    ..Default::default()
                }];
            },
        )
        .about(
            "ListAccountEntries",
            |reply: &mut ledger::ListAccountEntriesResponse| {
                let record = Some(record());
                reply.entries = vec![ledger::AccountEntry {
                    record,
                    ..Default::default()
                }];
            },
        )
}

/// True if the escapes were printed, so the words did come through.
#[track_caller]
fn shows(ended: &Ended) {
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("evil"), "{}", ended.out);
    let forged = ended.out.lines().any(|line| line.starts_with("forged"));
    assert!(!forged, "{}", ended.out);
}

#[test]
fn nothing_that_a_terminal_obeys_is_shown() {
    let world = World::lying(lies());
    let send = "tx send --from alice --to bob --amount 5 --nonce 1 --no-wait";
    let commands = [
        "status",
        "doctor",
        "pending",
        "miners",
        "candidates",
        "account statement alice",
        send,
    ];
    for command in commands {
        let words: Vec<&str> = command.split(' ').collect();
        let told = world.run(&words);
        shows(&told);
        let told = world.run(&[&words[..], &["--output", "json"]].concat());
        assert_eq!(told.code, 0, "{}", told.err);
        for line in told.out.lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("a line is a document");
        }
        // The reply to a submission, and doctor's lines about the ledger alone, hold no such text.
        if !["status", "doctor", send].contains(&command) {
            let value: serde_json::Value = serde_json::from_str(&told.out).expect("one document");
            assert!(value.to_string().contains("evil"), "{value}");
            let as_sent = serde_json::to_string(EVIL).expect("a string");
            let inner = &as_sent[1..as_sent.len() - 1];
            assert!(
                value.to_string().contains(inner),
                "JSON says the same: {value}"
            );
        }
    }
}

#[test]
fn nothing_that_a_terminal_obeys_is_in_an_error() {
    let details = ErrorDetails::with_error_info(text(), text(), [(text(), text())]);
    let status = Status::with_error_details(Code::NotFound, text(), details);
    let lies = Lies::default().refusing::<ledger::GetAccountResponse>("GetAccount", status);
    let world = World::lying(lies);
    for output in ["human", "json"] {
        let ended = world.run(&["account", "get", "bob", "--output", output]);
        ended.fails(3, &["evil"]);
        let forged = ended.err.lines().any(|line| line.starts_with("forged"));
        assert!(!forged, "{}", ended.err);
    }
}

#[test]
fn an_account_of_any_characters_is_no_reason_to_panic() {
    let lies = Lies::default()
        .about("ListBlocks", |reply: &mut ledger::ListBlocksResponse| {
            reply.blocks[0].miner = format!("a{}", "é".repeat(20));
        })
        .about(
            "StreamBlocks",
            |told: &mut Vec<ledger::StreamBlocksResponse>| {
                told[1].block.as_mut().expect("a block").miner = format!("a{}", "é".repeat(20));
            },
        );
    let world = World::lying(lies);
    world.run(&["block", "list"]).fails(6, &["FALSE_ANSWER"]);
    world
        .run(&["block", "follow", "--from", "0"])
        .fails(6, &["FALSE_ANSWER"]);
}
