//! x
#[path = "blackbox/stage.rs"]
#[allow(dead_code)]
mod stage;
use proto::ledger::v1::*;
use stage::*;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread")]
async fn speed() {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let mut ids = vec![];
    for _ in 0..20 {
        for _ in 0..1000 {
            ids.push(stage.send(0, "bank", "carol", 1).id.to_string());
        }
        stage.seal(0);
    }
    running.at(20).await;
    running.audited(20).await;
    let mut l = running.ledger.clone();
    for round in 0..3 {
        let t = Instant::now();
        for i in 0..2000 { l.get_genesis(GetGenesisRequest {}).await.unwrap(); let _ = i; }
        println!("{round} genesis {:?}", t.elapsed() / 2000);
        let t = Instant::now();
        for i in 0..2000usize { l.get_transaction(GetTransactionRequest { id: ids[i * 7 % ids.len()].clone() }).await.unwrap(); }
        println!("{round} tx {:?}", t.elapsed() / 2000);
        let t = Instant::now();
        for i in 0..2000u64 { l.get_block(GetBlockRequest { id: Some(get_block_request::Id::Height(i % 20)), ..Default::default() }).await.unwrap(); }
        println!("{round} block {:?}", t.elapsed() / 2000);
        let t = Instant::now();
        for i in 0..20u64 { l.get_block(GetBlockRequest { id: Some(get_block_request::Id::Height(i % 20)), with_records: true, with_raw: false }).await.unwrap(); }
        println!("{round} block with 1000 records {:?}", t.elapsed() / 20);
        let t = Instant::now();
        for _ in 0..5 { l.list_account_entries(ListAccountEntriesRequest { account: "carol".into(), page_size: 1000, ..Default::default() }).await.unwrap(); }
        println!("{round} 1000 entries {:?}", t.elapsed() / 5);
        let t = Instant::now();
        for _ in 0..5 { l.list_pending(ListPendingRequest { partition: Some(0), page_size: 1000, ..Default::default() }).await.unwrap(); }
        println!("{round} pending {:?}", t.elapsed() / 5);
        let mut p = running.proofs.clone();
        let t = Instant::now();
        for i in 0..1000u64 { p.get_inclusion_proof(GetInclusionProofRequest { subject: Some(get_inclusion_proof_request::Subject::LeafIndex(i * 13)), at_height: None }).await.unwrap(); }
        println!("{round} proof {:?}", t.elapsed() / 1000);
    }
    let t = Instant::now();
    let mut s = l.stream_account_entries(StreamAccountEntriesRequest { account: "carol".into(), from_sequence: Some(1) }).await.unwrap().into_inner();
    for _ in 0..20000 { s.message().await.unwrap().unwrap(); }
    println!("entries streamed {:?}", t.elapsed() / 20000);
    running.stop().await;
}
