//! Single questions.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chain::Slot;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::transaction_status::State;
use proto::ledger::v1::*;
use proto::types::v1::Verdict;
use tonic::Code;

use crate::stage::{Node, Sent, Stage, field, min_height, reason};

/// A payment and rubbish, in one block.
async fn one_block() -> (Stage, Node, Sent) {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let paid = stage.payment("carol", 30);
    let paid = stage.publish(0, &paid);
    stage.put(0, Bytes::from_static(b"rubbish"));
    stage.seal(0);
    running.at(1).await;
    (stage, running, paid)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_told_as_it_is() {
    let (stage, running, _) = one_block().await;
    let info = running.at(1).await;
    let chain_id = stage.chain_id().to_string();
    assert_eq!((info.chain_id, info.open), (chain_id.clone(), true));
    assert_eq!(info.chain_name, "stage");
    assert_eq!(info.transactions_included, Some(1));
    assert_eq!(info.records_rejected, Some(1));
    assert_eq!((info.supply, info.accounts), (Some(1082), Some(4)));
    let tip = info.tip.unwrap();
    assert_eq!(tip.hash, stage.chain.tip().hash.to_string());
    assert_eq!(info.partitions.len(), 2);
    assert_eq!(info.partitions[0].cursor, Some(2));
    assert_eq!(info.partitions[0].end_offset, Some(2));
    assert_eq!(info.applied_offset, Some(2));

    let reply = running
        .ledger
        .clone()
        .get_genesis(GetGenesisRequest {})
        .await;
    let reply = reply.unwrap();
    assert_eq!(reply.metadata().get("x-blocklog-height").unwrap(), "1");
    let genesis = reply.into_inner();
    assert_eq!(genesis.record, stage.genesis.encode());
    assert_eq!(genesis.chain_id, chain_id);
    assert_eq!(genesis.bits, "207fffff");
    assert_eq!(genesis.allocations, Some(2));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_can_be_had_whole() {
    let (stage, running, paid) = one_block().await;
    let request = GetBlockRequest {
        id: None,
        with_records: true,
        with_raw: true,
    };
    let block = running.block(request).await.unwrap();
    let header = stage.chain.tip().header;
    assert_eq!(block.header, hex::encode(header.to_bytes()));
    assert_eq!((block.included, block.rejected), (Some(1), Some(1)));
    assert_eq!((block.reward, block.topic_offset), (Some(5), Some(1)));
    assert_eq!(block.records.len(), 2);
    assert_eq!(block.records[0].raw, paid.value);
    let moved = block.records[0].transaction.as_ref().unwrap();
    assert_eq!(moved.id, paid.id.to_string());
    assert_eq!(moved.amount, Some(30));
    assert_eq!(block.records[1].verdict(), Verdict::Undecodable);
    assert!(block.records[1].transaction.is_none());
    let raw = stage.chain.frame(block.raw).unwrap();
    assert_eq!(raw.hash().to_string(), block.hash);
    let by_hash = GetBlockRequest {
        id: Some(Id::Hash(block.hash.to_uppercase())),
        ..Default::default()
    };
    assert_eq!(running.block(by_hash).await.unwrap().height, Some(1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_accounts_are_known() {
    let (stage, running, paid) = one_block().await;
    let upper = paid.id.to_string().to_uppercase();
    let status = running.status(upper).await.unwrap();
    assert_eq!(status.state(), State::Included);
    assert_eq!(status.id, paid.id.to_string());
    assert_eq!(status.block.unwrap().height, Some(1));
    let record = status.record.unwrap();
    assert_eq!((record.height, record.position), (Some(1), paid.position()));
    assert_eq!(record.queue_ahead, None);
    assert!(record.raw.is_empty());
    // Its append time comes with the audit.
    running.audited(1).await;
    let record = running.record(paid.position()).await.unwrap();
    assert!(record.append_time.is_some());

    let alice = stage.alice.account().to_string();
    for (height, balance) in [(Some(0), 1000), (Some(1), 970), (None, 970)] {
        let account = running.account(&alice, height).await.unwrap();
        assert_eq!(account.balance, Some(balance));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_has_its_place_in_the_queue() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let sent: Vec<_> = (0..5).map(|_| stage.send(1, "bank", "carol", 1)).collect();
    running.waiting(1, 5).await;
    for (ahead, sent) in (0..).zip(&sent) {
        let status = running.status(sent.id).await.unwrap();
        assert_eq!((status.state(), status.block), (State::Pending, None));
        assert_eq!(status.record.unwrap().queue_ahead, Some(ahead));
        let record = running.record(sent.position()).await.unwrap();
        assert_eq!(record.verdict(), Verdict::Pending);
        assert_eq!(record.queue_ahead, Some(ahead));
        assert_eq!((record.height, record.leaf_index), (None, None));
        assert_eq!(record.raw, sent.value);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_offset_has_a_verdict_and_no_record() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let lost = stage.send(0, "bank", "carol", 1);
    let kept = stage.send(0, "bank", "carol", 2);
    let mut slots = stage.slots(0);
    slots[0] = Slot::Hole(1);
    stage.seal_as(0, slots);
    running.at(1).await;
    let record = running.record(lost.position()).await.unwrap();
    assert_eq!(record.verdict(), Verdict::Void);
    assert_eq!(record.height, Some(1));
    assert!(record.record_hash.is_empty() && record.raw.is_empty());
    let request = GetBlockRequest {
        id: Some(Id::Height(1)),
        with_records: true,
        with_raw: false,
    };
    let block = running.block(request).await.unwrap();
    assert_eq!((block.included, block.void_offsets), (Some(1), Some(1)));
    assert_eq!(block.records.len(), 1);
    assert_eq!(block.records[0].position, kept.position());

    // The audit notices, and the transaction is known to be left out.
    assert_eq!(running.audited(1).await.findings, Some(1));
    let request = ListAuditFindingsRequest::default();
    let reply = running.ledger.clone().list_audit_findings(request).await;
    let findings = reply.unwrap().into_inner().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].kind(), audit_finding::Kind::Missing);
    assert_eq!(findings[0].from_offset, Some(0));
    assert_eq!(findings[0].to_offset, Some(1));
    assert_eq!(findings[0].miner, stage.miner.account().to_string());
    let status = running.status(lost.id).await.unwrap();
    assert_eq!(status.state(), State::Omitted);
    assert_eq!(status.block.unwrap().height, Some(1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_height_can_be_waited_for() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let mut ledger = running.ledger.clone();
    let mut hurry = min_height(GetLedgerInfoRequest {}, 1);
    hurry.set_timeout(Duration::from_millis(400));
    let error = ledger.get_ledger_info(hurry).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(reason(&error), "CATCHING_UP");

    let began = Instant::now();
    let waiting = tokio::spawn({
        let mut ledger = ledger.clone();
        async move {
            let request = min_height(GetLedgerInfoRequest {}, 1);
            ledger.get_ledger_info(request).await
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    stage.send(0, "bank", "carol", 1);
    stage.seal(0);
    let reply = waiting.await.unwrap().unwrap();
    assert_eq!(reply.metadata().get("x-blocklog-height").unwrap(), "1");
    assert!(began.elapsed() < Duration::from_secs(5));

    let mut odd = tonic::Request::new(GetLedgerInfoRequest {});
    let soon = "soon".parse().unwrap();
    odd.metadata_mut().insert("x-blocklog-min-height", soon);
    let error = ledger.get_ledger_info(odd).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(field(&error), "x-blocklog-min-height");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_and_prefixes_find_what_there_is() {
    use find_by_prefix_response::r#match::Match;
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let sent = stage.send(0, "bank", "carol", 1);
    // A race: the second of the two comes too late.
    let slots = stage.slots(0);
    let won = stage.template(0, slots.clone(), stage.miner.account());
    let lost = stage.template(0, slots, "bob".parse().unwrap());
    stage.append(won);
    stage.append(lost);
    running.until(|info| info.applied_offset == Some(3)).await;
    let mut ledger = running.ledger.clone();
    let request = ListCandidatesRequest::default();
    let reply = ledger.list_candidates(request).await.unwrap();
    let candidates = reply.into_inner().candidates;
    assert_eq!(candidates.len(), 1);
    assert_eq!(candidates[0].reason, "STALE");
    assert_eq!(candidates[0].miner, "bob");
    assert_eq!(candidates[0].topic_offset, Some(2));

    let block = stage.chain.tip().hash.to_string();
    let candidate = candidates[0].hash.clone();
    for expected in [
        Match::TransactionId(sent.id.to_string()),
        Match::BlockHash(block),
        Match::CandidateHash(candidate),
    ] {
        let (Match::TransactionId(whole) | Match::BlockHash(whole) | Match::CandidateHash(whole)) =
            &expected;
        let request = FindByPrefixRequest {
            prefix: whole[..10].to_uppercase(),
            page_size: 0,
        };
        let reply = ledger.find_by_prefix(request).await.unwrap();
        let matches = reply.into_inner().matches;
        assert_eq!(matches.len(), 1);
        assert_eq!(matches[0].r#match, Some(expected));
    }
    let reply = ledger.get_series(GetSeriesRequest::default()).await;
    let buckets = reply.unwrap().into_inner().buckets;
    let sum = |of: fn(&Bucket) -> u64| buckets.iter().map(of).sum::<u64>();
    assert!(buckets.len() <= 60);
    assert_eq!(sum(|bucket| bucket.included.unwrap()), 1);
    assert_eq!(sum(|bucket| bucket.stale.unwrap().into()), 1);
    running.stop().await;
}
