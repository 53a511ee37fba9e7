//! Plain replies: bound to the request as far as a hash can bind them.

use proto::ingest::v1::SubmitTransactionResponse;
use proto::ledger::v1::{
    Block, GetAccountResponse, GetBlockResponse, GetRecordResponse, GetTransactionResponse,
    ListBlocksResponse, StreamBlocksResponse, WatchTransactionResponse,
};
use tempfile::tempdir;

use crate::stage::Stage;
use crate::world::{Lies, World};

/// Each command fails with FALSE_ANSWER and prints nothing.
#[track_caller]
fn refuses(lies: Lies, commands: &[&[&str]]) {
    let lying = World::lying(lies);
    for words in commands {
        for output in ["human", "json"] {
            let ended = lying.run(&[*words, &["--output", output]].concat());
            ended.fails(6, &["FALSE_ANSWER"]);
            assert!(ended.out.is_empty(), "{words:?}: {}", ended.out);
        }
    }
}

fn block(reply: &mut GetBlockResponse) -> &mut Block {
    reply.block.as_mut().expect("a block")
}

#[test]
fn honest_answers_are_shown() {
    let world = World::honest();
    let (id, hash) = (world.stage.id(3), world.stage.hash(2));
    let record = world.stage.position(3);
    let commands: [(&[&str], &str); 9] = [
        (&["block", "list"], &hash),
        (&["block", "get"], &world.stage.hash(3)),
        (&["block", "get", "0"], &world.stage.hash(0)),
        (&["block", "get", "2"], &id),
        (&["block", "get", &hash], &id),
        (&["tx", "status", &id], &hash),
        (&["tx", "watch", &id], &hash),
        (&["record", "get", &record], &id),
        (&["account", "get", "bob"], "30"),
    ];
    for (words, told) in commands {
        world.run(words).succeeds(&[told]);
    }
    world
        .run(&["account", "get", "bob", "--at-height", "2"])
        .succeeds(&["as of height  2"]);
}

#[test]
fn another_block_than_the_one_that_was_asked_for() {
    let other = Stage::new("stage").block(1);
    let lies = Lies::default().about("GetBlock", move |reply: &mut GetBlockResponse| {
        reply.block = Some(other.clone());
    });
    let hash = Stage::new("stage").hash(2);
    refuses(lies, &[&["block", "get", "2"], &["block", "get", &hash]]);
}

#[test]
fn a_bit_of_a_header() {
    // In the last byte, the nonce; with the hash unchanged.
    let lies = Lies::default().about("GetBlock", |reply: &mut GetBlockResponse| {
        let header = &mut block(reply).header;
        let digit = if header.ends_with('0') { "1" } else { "0" };
        header.replace_range(header.len() - 1.., digit);
    });
    refuses(lies, &[&["block", "get"], &["block", "get", "2"]]);
}

#[test]
fn fields_that_are_not_those_of_the_header() {
    let changes: [fn(&mut Block); 11] = [
        |block| block.hash = "0".repeat(64),
        |block| block.height = Some(7),
        |block| block.previous_hash.clear(),
        |block| block.log_root.clear(),
        |block| block.log_size = None,
        |block| block.timestamp = None,
        |block| block.partition = Some(1),
        |block| block.to_offset = Some(99),
        |block| block.miner = "mallory".into(),
        |block| block.bits = "1f00ffff".into(),
        |block| block.nonce = Some(u64::MAX),
    ];
    for change in changes {
        let lies = Lies::default()
            .about("GetBlock", move |reply: &mut GetBlockResponse| {
                change(block(reply))
            })
            .about("ListBlocks", move |reply: &mut ListBlocksResponse| {
                change(&mut reply.blocks[1]);
            });
        refuses(lies, &[&["block", "get"], &["block", "list"]]);
    }
}

#[test]
fn a_record_of_another_slice_in_a_block() {
    let other = Stage::new("stage").record(1);
    let lies = Lies::default().about("GetBlock", move |reply: &mut GetBlockResponse| {
        block(reply).records.push(other.clone());
    });
    refuses(lies, &[&["block", "get", "2"]]);
}

#[test]
fn blocks_that_do_not_follow_one_another() {
    let lies = Lies::default().about("StreamBlocks", |told: &mut Vec<StreamBlocksResponse>| {
        told.swap_remove(1);
    });
    World::lying(lies)
        .run(&["block", "follow", "--from", "0"])
        .fails(6, &["FALSE_ANSWER", "does not follow"]);
}

#[test]
fn the_status_of_another_transaction() {
    let stage = Stage::new("stage");
    let (id, other) = (stage.id(2), stage.record(3));
    let (status, watched) = (other.clone(), other.clone());
    let lies = Lies::default()
        .about(
            "GetTransaction",
            move |reply: &mut GetTransactionResponse| {
                reply.status.as_mut().expect("a status").record = Some(status.clone());
            },
        )
        .about(
            "WatchTransaction",
            move |told: &mut Vec<WatchTransactionResponse>| {
                told[0].status.as_mut().expect("a status").record = Some(watched.clone());
            },
        );
    refuses(lies, &[&["tx", "status", &id], &["tx", "watch", &id]]);
    // The reply claims the id of the other one.
    let named = id.clone();
    let lies = Lies::default().about(
        "GetTransaction",
        move |reply: &mut GetTransactionResponse| {
            let record = &mut reply.status.as_mut().expect("a status").record;
            *record = Some(other.clone());
            let transaction = record.as_mut().expect("a record").transaction.as_mut();
            transaction.expect("a transaction").id = named.clone();
        },
    );
    refuses(lies, &[&["tx", "status", &id]]);
}

#[test]
fn a_verdict_that_does_not_fit_the_state() {
    let id = Stage::new("stage").id(2);
    let lies = Lies::default().about("GetTransaction", |reply: &mut GetTransactionResponse| {
        let record = reply.status.as_mut().expect("a status").record.as_mut();
        record.expect("a record").verdict = proto::types::v1::Verdict::Expired.into();
    });
    refuses(lies, &[&["tx", "status", &id]]);
}

#[test]
fn another_record_or_one_with_another_content() {
    let stage = Stage::new("stage");
    let (position, other) = (stage.position(2), stage.record(3));
    let whole = other.clone();
    let lies = Lies::default().about("GetRecord", move |reply: &mut GetRecordResponse| {
        reply.record = Some(whole.clone());
    });
    refuses(lies, &[&["record", "get", &position]]);
    let lies = Lies::default().about("GetRecord", move |reply: &mut GetRecordResponse| {
        reply.record.as_mut().expect("a record").transaction = other.transaction.clone();
    });
    refuses(lies, &[&["record", "get", &position]]);
}

#[test]
fn another_account_or_an_older_state() {
    let lies = Lies::default().about("GetAccount", |reply: &mut GetAccountResponse| {
        reply.account.as_mut().expect("an account").account = "alice".into();
    });
    refuses(lies, &[&["account", "get", "bob"]]);
    let lies = Lies::default().about("GetAccount", |reply: &mut GetAccountResponse| {
        reply.tip.as_mut().expect("a tip").height = Some(1);
    });
    refuses(lies, &[&["account", "get", "bob", "--at-height", "2"]]);
}

#[test]
fn another_transaction_than_the_one_that_was_sent() {
    let lies = Lies::default().about(
        "SubmitTransaction",
        |reply: &mut SubmitTransactionResponse| {
            reply.transaction.as_mut().expect("a transaction").amount = Some(500);
        },
    );
    let send = [
        "tx", "send", "--from", "alice", "--to", "bob", "--amount", "5", "--nonce", "1",
    ];
    World::lying(lies).run(&send).fails(6, &["FALSE_ANSWER"]);
}

#[test]
fn raw_blocks_whose_offsets_do_not_grow() {
    let changes: [fn(&mut [StreamBlocksResponse]); 4] = [
        |told| offset(told, 2, Some(1)),
        |told| offset(told, 2, Some(2)),
        |told| offset(told, 1, Some(u64::MAX)),
        |told| offset(told, 1, None),
    ];
    for change in changes {
        let lies = Lies::default().about(
            "StreamBlocks",
            move |told: &mut Vec<StreamBlocksResponse>| {
                change(told);
            },
        );
        let (folder, lying) = (tempdir().expect("a folder"), World::lying(lies));
        lying
            .run(&["verify", "--from-ledger"])
            .fails(6, &["FALSE_ANSWER", "offset"]);
        lying
            .run_in(folder.path(), &["export", "e", "--from-ledger"])
            .fails(6, &["FALSE_ANSWER", "offset"]);
        assert!(!folder.path().join("e").exists(), "no file is left");
    }
    World::honest()
        .run(&["verify", "--from-ledger"])
        .succeeds(&[&World::honest().stage.hash(3)]);
}

fn offset(told: &mut [StreamBlocksResponse], at: usize, offset: Option<u64>) {
    told[at].block.as_mut().expect("a block").topic_offset = offset;
}
