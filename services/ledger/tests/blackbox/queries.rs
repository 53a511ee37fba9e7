//! Single questions and their refusals.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chain::assemble::Slot;
use proto::ledger::v1::get_block_request::Id;
use proto::ledger::v1::transaction_status::State;
use proto::ledger::v1::*;
use proto::types::v1::{Position, Verdict};
use tonic::Code;

use crate::stage::{Stage, fact, field, min_height, position, reason};

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_told_as_it_is() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let paid = stage.payment("carol", 30);
    let paid = stage.publish(0, &paid);
    stage.put(0, Bytes::from_static(b"rubbish"));
    stage.seal(0);
    let info = running.at(1).await;
    let chain_id = stage.chain_id().to_string();
    assert_eq!(
        (&info.chain_id, info.chain_name.as_str(), info.open),
        (&chain_id, "stage", true)
    );
    assert_eq!(
        (info.transactions_included, info.records_rejected),
        (Some(1), Some(1))
    );
    assert_eq!(info.supply, Some(1082));
    assert_eq!(info.accounts, Some(4));
    let tip = info.tip.unwrap();
    assert_eq!(
        (tip.height, tip.hash),
        (Some(1), stage.chain.tip().hash.to_string())
    );
    assert_eq!(info.partitions.len(), 2);
    assert_eq!(
        (info.partitions[0].cursor, info.partitions[0].end_offset),
        (Some(2), Some(2))
    );
    assert_eq!(info.applied_offset, Some(2));

    let mut ledger = running.ledger.clone();
    let genesis = ledger.get_genesis(GetGenesisRequest {}).await.unwrap();
    assert_eq!(genesis.metadata().get("x-blocklog-height").unwrap(), "1");
    let genesis = genesis.into_inner();
    assert_eq!(genesis.record, stage.genesis.encode());
    assert_eq!(
        (genesis.chain_id, genesis.bits.as_str(), genesis.allocations),
        (chain_id, "207fffff", Some(2))
    );

    let request = GetBlockRequest {
        id: None,
        with_records: true,
        with_raw: true,
    };
    let block = ledger
        .get_block(request)
        .await
        .unwrap()
        .into_inner()
        .block
        .unwrap();
    let header = stage.chain.tip().header;
    assert_eq!(block.header, hex::encode(header.to_bytes()));
    assert_eq!(
        (block.included, block.rejected, block.void_offsets),
        (Some(1), Some(1), Some(0))
    );
    assert_eq!((block.reward, block.topic_offset), (Some(5), Some(1)));
    assert_eq!(block.records.len(), 2);
    assert_eq!(block.records[0].raw, paid.value);
    let moved = block.records[0].transaction.as_ref().unwrap();
    assert_eq!(
        (moved.id.as_str(), moved.amount),
        (paid.id.to_string().as_str(), Some(30))
    );
    assert_eq!(block.records[1].verdict(), Verdict::Undecodable);
    assert!(block.records[1].transaction.is_none());
    let raw = stage.chain.frame(block.raw).unwrap();
    assert_eq!(raw.hash().to_string(), block.hash);

    let request = GetTransactionRequest {
        id: paid.id.to_string().to_uppercase(),
    };
    let status = ledger
        .get_transaction(request)
        .await
        .unwrap()
        .into_inner()
        .status
        .unwrap();
    assert_eq!(status.state(), State::Included);
    assert_eq!(status.block.unwrap().hash, block.hash);
    let record = status.record.unwrap();
    assert_eq!((record.height, record.position), (Some(1), paid.position()));
    assert!(record.append_time.is_some() && record.queue_ahead.is_none());

    for (height, balance) in [(Some(0), 1000), (Some(1), 970), (None, 970)] {
        let request = GetAccountRequest {
            account: stage.alice.account().to_string(),
            at_height: height,
        };
        let account = ledger
            .get_account(request)
            .await
            .unwrap()
            .into_inner()
            .account
            .unwrap();
        assert_eq!(account.balance, Some(balance));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_has_its_place_in_the_queue() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let sent: Vec<_> = (0..5).map(|_| stage.send(1, "bank", "carol", 1)).collect();
    running
        .until(|info| {
            info.partitions[1].end_offset == Some(5)
                && info.partitions[1].oldest_pending_time.is_some()
        })
        .await;
    let mut ledger = running.ledger.clone();
    for (ahead, sent) in (0..).zip(&sent) {
        let request = GetTransactionRequest {
            id: sent.id.to_string(),
        };
        let status = ledger
            .get_transaction(request)
            .await
            .unwrap()
            .into_inner()
            .status
            .unwrap();
        assert_eq!((status.state(), status.block), (State::Pending, None));
        assert_eq!(status.record.unwrap().queue_ahead, Some(ahead));
        let request = GetRecordRequest {
            position: sent.position(),
            with_raw: true,
        };
        let record = ledger
            .get_record(request)
            .await
            .unwrap()
            .into_inner()
            .record
            .unwrap();
        assert_eq!(
            (record.verdict(), record.queue_ahead),
            (Verdict::Pending, Some(ahead))
        );
        assert_eq!(
            (record.raw, record.height, record.leaf_index),
            (sent.value.clone(), None, None)
        );
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
    let mut ledger = running.ledger.clone();
    let request = GetRecordRequest {
        position: lost.position(),
        with_raw: true,
    };
    let record = ledger
        .get_record(request)
        .await
        .unwrap()
        .into_inner()
        .record
        .unwrap();
    assert_eq!((record.verdict(), record.height), (Verdict::Void, Some(1)));
    assert!(record.record_hash.is_empty() && record.raw.is_empty() && record.append_time.is_none());
    let request = GetBlockRequest {
        id: Some(Id::Height(1)),
        with_records: true,
        with_raw: false,
    };
    let block = ledger
        .get_block(request)
        .await
        .unwrap()
        .into_inner()
        .block
        .unwrap();
    assert_eq!((block.included, block.void_offsets), (Some(1), Some(1)));
    assert_eq!(block.records.len(), 1);
    assert_eq!(block.records[0].position, kept.position());

    // The audit notices, and the transaction is known to be left out.
    let audit = running.audited(1).await;
    assert_eq!(audit.findings, Some(1));
    let request = ListAuditFindingsRequest::default();
    let findings = ledger
        .list_audit_findings(request)
        .await
        .unwrap()
        .into_inner()
        .findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].kind(), audit_finding::Kind::Missing);
    assert_eq!(
        (findings[0].from_offset, findings[0].to_offset),
        (Some(0), Some(1))
    );
    assert_eq!(findings[0].miner, stage.miner.account().to_string());
    let request = GetTransactionRequest {
        id: lost.id.to_string(),
    };
    let status = ledger
        .get_transaction(request)
        .await
        .unwrap()
        .into_inner()
        .status
        .unwrap();
    assert_eq!(status.state(), State::Omitted);
    assert_eq!(status.block.unwrap().height, Some(1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_reason() {
    let mut stage = Stage::new();
    stage.send(0, "bank", "carol", 1);
    stage.seal(0);
    let running = stage.start(&[]).await;
    let mut ledger = running.ledger.clone();
    let block = |id| GetBlockRequest {
        id: Some(id),
        with_records: false,
        with_raw: false,
    };

    let error = ledger.get_block(block(Id::Height(2))).await.unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::OutOfRange, "HEIGHT_ABOVE_TIP")
    );
    assert_eq!(
        (fact(&error, "tip").as_deref(), field(&error).as_str()),
        (Some("1"), "height")
    );
    assert_eq!(error.metadata().get("x-blocklog-height").unwrap(), "1");

    let error = ledger
        .get_block(block(Id::Hash("ab".repeat(32))))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::NotFound, "UNKNOWN_BLOCK")
    );
    let error = ledger
        .get_block(block(Id::Hash("xyz".into())))
        .await
        .unwrap_err();
    assert_eq!(
        (
            error.code(),
            reason(&error).as_str(),
            field(&error).as_str()
        ),
        (Code::InvalidArgument, "BAD_FIELD", "hash")
    );

    let error = ledger
        .get_transaction(GetTransactionRequest {
            id: "00".repeat(32),
        })
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::NotFound, "UNKNOWN_TRANSACTION")
    );
    assert_eq!(fact(&error, "as_of_height").as_deref(), Some("1"));
    let error = ledger
        .get_transaction(GetTransactionRequest::default())
        .await
        .unwrap_err();
    assert_eq!(
        (reason(&error).as_str(), field(&error).as_str()),
        ("MISSING_FIELD", "id")
    );

    let account = |account: &str, at_height| GetAccountRequest {
        account: account.into(),
        at_height,
    };
    let error = ledger
        .get_account(account("nobody", None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::NotFound, "UNKNOWN_ACCOUNT")
    );
    let error = ledger
        .get_account(account("carol", Some(0)))
        .await
        .unwrap_err();
    assert_eq!(fact(&error, "as_of_height").as_deref(), Some("0"));
    let error = ledger
        .get_account(account("Carol", None))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::InvalidArgument, "BAD_ACCOUNT")
    );
    let error = ledger
        .get_account(account("carol", Some(9)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), field(&error).as_str()),
        (Code::OutOfRange, "at_height")
    );

    let record = |position| GetRecordRequest {
        position,
        with_raw: false,
    };
    for (asked, code, why, path) in [
        (None, Code::InvalidArgument, "MISSING_FIELD", "position"),
        (
            Some(Position {
                partition: Some(0),
                offset: None,
            }),
            Code::InvalidArgument,
            "MISSING_FIELD",
            "position.offset",
        ),
        (
            Some(Position {
                partition: None,
                offset: Some(0),
            }),
            Code::InvalidArgument,
            "MISSING_FIELD",
            "position.partition",
        ),
        (
            position(2, 0),
            Code::InvalidArgument,
            "BAD_PARTITION",
            "position.partition",
        ),
        (
            position(0, 1),
            Code::OutOfRange,
            "OFFSET_ABOVE_END",
            "position.offset",
        ),
    ] {
        let error = ledger.get_record(record(asked)).await.unwrap_err();
        assert_eq!(
            (
                error.code(),
                reason(&error).as_str(),
                field(&error).as_str()
            ),
            (code, why, path)
        );
    }
    let find = |prefix: &str| FindByPrefixRequest {
        prefix: prefix.into(),
        page_size: 0,
    };
    let error = ledger.find_by_prefix(find("abcdef0")).await.unwrap_err();
    assert_eq!(
        (error.code(), field(&error).as_str()),
        (Code::InvalidArgument, "prefix")
    );
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
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::Unavailable, "CATCHING_UP")
    );

    let began = Instant::now();
    let waiting = tokio::spawn({
        let mut ledger = ledger.clone();
        async move {
            ledger
                .get_ledger_info(min_height(GetLedgerInfoRequest {}, 1))
                .await
        }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    stage.send(0, "bank", "carol", 1);
    stage.seal(0);
    let reply = waiting.await.unwrap().unwrap();
    assert_eq!(reply.metadata().get("x-blocklog-height").unwrap(), "1");
    assert!(began.elapsed() < Duration::from_secs(5));

    let mut odd = tonic::Request::new(GetLedgerInfoRequest {});
    odd.metadata_mut()
        .insert("x-blocklog-min-height", "soon".parse().unwrap());
    let error = ledger.get_ledger_info(odd).await.unwrap_err();
    assert_eq!(
        (error.code(), field(&error).as_str()),
        (Code::InvalidArgument, "x-blocklog-min-height")
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_and_prefixes_find_what_there_is() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let sent = stage.send(0, "bank", "carol", 1);
    // A race: the second of the two comes too late.
    let slots = stage.slots(0);
    let won = stage.template(0, slots.clone(), stage.miner.account());
    let lost = stage.template(0, slots, "bob".parse().unwrap());
    stage.append(won);
    stage.append(lost);
    running.at(1).await;
    running.until(|info| info.applied_offset == Some(3)).await;
    let mut ledger = running.ledger.clone();
    let request = ListCandidatesRequest::default();
    let candidates = ledger
        .list_candidates(request)
        .await
        .unwrap()
        .into_inner()
        .candidates;
    assert_eq!(candidates.len(), 1);
    assert_eq!(
        (candidates[0].reason.as_str(), candidates[0].miner.as_str()),
        ("STALE", "bob")
    );
    assert_eq!(
        (candidates[0].topic_offset, candidates[0].height),
        (Some(2), Some(1))
    );

    use find_by_prefix_response::r#match::Match;
    let id = sent.id.to_string();
    for (whole, expected) in [
        (&id, Match::TransactionId(id.clone())),
        (
            &stage.chain.tip().hash.to_string(),
            Match::BlockHash(stage.chain.tip().hash.to_string()),
        ),
        (
            &candidates[0].hash,
            Match::CandidateHash(candidates[0].hash.clone()),
        ),
    ] {
        let request = FindByPrefixRequest {
            prefix: whole[..10].to_uppercase(),
            page_size: 0,
        };
        let matches = ledger
            .find_by_prefix(request)
            .await
            .unwrap()
            .into_inner()
            .matches;
        assert_eq!(matches.len(), 1);
        assert_eq!(matches[0].r#match, Some(expected));
    }
    let buckets = ledger
        .get_series(GetSeriesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .buckets;
    let sum = |of: fn(&Bucket) -> u64| buckets.iter().map(of).sum::<u64>();
    assert!(buckets.len() <= 60);
    assert_eq!(sum(|bucket| bucket.included.unwrap()), 1);
    assert_eq!(sum(|bucket| bucket.stale.unwrap().into()), 1);
    let end = GetSeriesRequest {
        from_time: Some(prost_types::Timestamp {
            seconds: 2,
            nanos: 0,
        }),
        to_time: Some(prost_types::Timestamp {
            seconds: 1,
            nanos: 0,
        }),
        buckets: 1,
    };
    let error = ledger.get_series(end).await.unwrap_err();
    assert_eq!(reason(&error), "INVERTED_RANGE");
    running.stop().await;
}
