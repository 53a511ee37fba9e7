//! Lists, page by page, while the chain grows.

use proto::ledger::v1::*;
use proto::types::v1::Verdict;
use tonic::Code;

use crate::stage::{Node, Stage, reason};

async fn blocks(running: &Node, request: ListBlocksRequest) -> (Vec<u64>, String) {
    let reply = running
        .ledger
        .clone()
        .list_blocks(request)
        .await
        .unwrap()
        .into_inner();
    let heights = reply.blocks.iter().map(|block| block.height.unwrap());
    (heights.collect(), reply.next_page_token)
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_in_pages_that_stand_still() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    for _ in 0..7 {
        stage.send(0, "bank", "carol", 1);
        stage.seal(0);
    }
    running.at(7).await;
    let ask = |oldest_first, token: &str| ListBlocksRequest {
        oldest_first,
        page_size: 3,
        page_token: token.into(),
        ..Default::default()
    };
    let (first, token) = blocks(&running, ask(false, "")).await;
    assert_eq!(first, [7, 6, 5]);
    stage.send(0, "bank", "carol", 1);
    stage.seal(0);
    running.at(8).await;
    let (second, token) = blocks(&running, ask(false, &token)).await;
    assert_eq!(second, [4, 3, 2]);
    let (third, end) = blocks(&running, ask(false, &token)).await;
    assert_eq!((third, end.as_str()), (vec![1, 0], ""));

    let (first, token) = blocks(&running, ask(true, "")).await;
    assert_eq!(first, [0, 1, 2]);
    let (second, token) = blocks(&running, ask(true, &token)).await;
    assert_eq!(second, [3, 4, 5]);
    let (third, end) = blocks(&running, ask(true, &token)).await;
    assert_eq!((third, end.as_str()), (vec![6, 7, 8], ""));

    let other = ListBlocksRequest {
        oldest_first: true,
        ..ask(false, &token)
    };
    assert_eq!(blocks(&running, other).await.0, [6, 7, 8]);
    let wrong = running
        .ledger
        .clone()
        .list_blocks(ask(false, &token))
        .await
        .unwrap_err();
    assert_eq!(
        (wrong.code(), reason(&wrong).as_str()),
        (Code::InvalidArgument, "BAD_PAGE_TOKEN")
    );

    let range = |from, to, miner: &str| ListBlocksRequest {
        from_height: Some(from),
        to_height: Some(to),
        miner: miner.into(),
        ..Default::default()
    };
    assert_eq!(blocks(&running, range(2, 4, "")).await.0, [3, 2]);
    assert_eq!(blocks(&running, range(2, 2, "")).await.0, [0; 0]);
    assert_eq!(blocks(&running, range(7, 1 << 60, "")).await.0, [8, 7]);
    assert_eq!(blocks(&running, range(100, 200, "")).await.0, [0; 0]);
    let miner = stage.miner.account().to_string();
    assert_eq!(blocks(&running, range(0, 3, &miner)).await.0, [2, 1]);
    assert_eq!(blocks(&running, range(0, 3, "nobody")).await.0, [0; 0]);
    let inverted = running
        .ledger
        .clone()
        .list_blocks(range(3, 2, ""))
        .await
        .unwrap_err();
    assert_eq!(reason(&inverted), "INVERTED_RANGE");
    running.stop().await;
}

/// Five records that are sealed and four that wait, on partition 1.
async fn sealed_and_waiting() -> (Stage, Node) {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    for _ in 0..5 {
        stage.send(1, "bank", "carol", 1);
    }
    stage.seal(1);
    for _ in 0..4 {
        stage.send(1, "bank", "carol", 1);
    }
    running.at(1).await;
    running.waiting(1, 9).await;
    (stage, running)
}

/// All pages of four records each.
async fn records(running: &Node, range: list_records_request::Range) -> Vec<Vec<Record>> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let request = ListRecordsRequest {
            range: Some(range),
            page_size: 4,
            page_token: token,
            with_raw: false,
        };
        let reply = running.ledger.clone().list_records(request).await;
        let reply = reply.unwrap().into_inner();
        pages.push(reply.records);
        token = reply.next_page_token;
        if token.is_empty() {
            return pages;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_in_offset_order_sealed_or_not() {
    let (_stage, running) = sealed_and_waiting().await;
    let all = list_records_request::Range::Offsets(OffsetRange {
        partition: Some(1),
        from_offset: None,
        to_offset: None,
    });
    let pages = records(&running, all).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
    for (offset, record) in (0..).zip(pages.iter().flatten()) {
        let expected = if offset < 5 {
            Verdict::Included
        } else {
            Verdict::Pending
        };
        assert_eq!(record.position.unwrap().offset, Some(offset));
        assert_eq!(record.verdict(), expected);
    }
    let block = list_records_request::Range::Height(1);
    let pages = records(&running, block).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [4, 1]);
    let request = ListRecordsRequest::default();
    let none = running.ledger.clone().list_records(request).await;
    assert_eq!(reason(&none.unwrap_err()), "MISSING_FIELD");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_comes_in_the_order_in_which_it_is_consumed() {
    let (mut stage, running) = sealed_and_waiting().await;
    let ask = async |token: &str| {
        let request = ListPendingRequest {
            partition: Some(1),
            page_size: 3,
            page_token: token.into(),
        };
        let reply = running.ledger.clone().list_pending(request).await;
        let reply = reply.unwrap().into_inner();
        let ahead = reply.records.iter().map(|record| record.queue_ahead);
        (ahead.flatten().collect::<Vec<_>>(), reply.next_page_token)
    };
    let (first, token) = ask("").await;
    assert_eq!(first, [0, 1, 2]);
    assert_eq!(ask(&token).await, (vec![3], String::new()));
    // The rest of the queue is consumed: the token is good, and there is nothing behind it.
    stage.seal(1);
    running.at(2).await;
    assert_eq!(ask(&token).await, (vec![], String::new()));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entries_of_an_account_lead_back_to_its_allocation() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    for amount in 1..=5 {
        let payment = stage.payment("carol", amount);
        stage.publish(0, &payment);
        stage.seal(0);
    }
    running.at(5).await;
    let account = stage.alice.account().to_string();
    let ask = |oldest_first, token: &str| ListAccountEntriesRequest {
        account: account.clone(),
        oldest_first,
        page_size: 4,
        page_token: token.into(),
    };
    let mut ledger = running.ledger.clone();
    let first = ledger
        .list_account_entries(ask(false, ""))
        .await
        .unwrap()
        .into_inner();
    let second = ledger
        .list_account_entries(ask(false, &first.next_page_token))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(second.next_page_token, "");
    let entries: Vec<_> = first.entries.iter().chain(&second.entries).collect();
    let changes: Vec<_> = entries.iter().map(|entry| entry.change.unwrap()).collect();
    assert_eq!(changes, [-5, -4, -3, -2, -1, 1000]);
    assert_eq!(entries[0].balance, Some(985));
    assert_eq!(
        entries[0].record.as_ref().unwrap().verdict(),
        Verdict::Included
    );
    assert_eq!(entries[5].kind(), account_entry::Kind::Allocation);
    assert!(entries[5].record.is_none());
    assert!(entries.iter().all(|entry| entry.timestamp.is_some()));

    let first = ledger
        .list_account_entries(ask(true, ""))
        .await
        .unwrap()
        .into_inner();
    let sequences: Vec<_> = first
        .entries
        .iter()
        .map(|entry| entry.sequence.unwrap())
        .collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
    let second = ledger
        .list_account_entries(ask(true, &first.next_page_token))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (second.entries.len(), second.next_page_token.as_str()),
        (2, "")
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_miners_is_that_of_the_first_page() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let mine = |stage: &mut Stage, miner: &str| {
        stage.send(0, "bank", "carol", 1);
        let slots = stage.slots(0);
        let template = stage.template(0, slots, miner.parse().unwrap());
        stage.append(template);
    };
    for miner in ["a", "b", "b", "c", "c", "c"] {
        mine(&mut stage, miner);
    }
    running.at(6).await;
    let ask = |token: &str| ListMinersRequest {
        page_size: 1,
        page_token: token.into(),
    };
    let mut ledger = running.ledger.clone();
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let reply = ledger.list_miners(ask(&token)).await.unwrap().into_inner();
        seen.extend(
            reply
                .miners
                .iter()
                .map(|miner| (miner.account.clone(), miner.blocks.unwrap())),
        );
        token = reply.next_page_token;
        if token.is_empty() {
            break;
        }
        // The last one overtakes all others.
        for _ in 0..2 {
            mine(&mut stage, "a");
        }
        running.at(stage.chain.tip().height()).await;
    }
    assert_eq!(seen, [("c".into(), 3), ("b".into(), 2), ("a".into(), 5)]);
    running.stop().await;
}
