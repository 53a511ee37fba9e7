//! Evidence that needs no trust in the ledger.

use chain::Slot;
use chain::leaf::Leaf;
use chain::proof::{Inclusion, Proven};
use chain::{Hash, Header, Verdict, log};
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::*;
use tonic::Code;

use crate::stage::{Node, Sent, Stage, position, reason};

fn hash(text: &str) -> Hash {
    text.parse().unwrap()
}

async fn prove(running: &Node, subject: Subject, at_height: Option<u64>, trusted: &Hash) -> Proven {
    let request = GetInclusionProofRequest {
        subject: Some(subject),
        at_height,
    };
    let reply = running
        .proofs
        .clone()
        .get_inclusion_proof(request)
        .await
        .unwrap();
    let proof = reply.into_inner().proof.unwrap();
    let record = hex::decode(&proof.record).unwrap();
    let inclusion = Inclusion {
        header: hex::decode(&proof.header).unwrap().try_into().unwrap(),
        leaf_index: proof.leaf_index.unwrap(),
        leaf: hex::decode(&proof.leaf).unwrap(),
        path: proof.path.iter().map(|text| hash(text)).collect(),
        record: (!record.is_empty()).then(|| record.into()),
    };
    inclusion.verify(trusted).unwrap()
}

async fn refused(
    running: &Node,
    subject: Option<Subject>,
    at_height: Option<u64>,
) -> (Code, String) {
    let request = GetInclusionProofRequest { subject, at_height };
    let error = running
        .proofs
        .clone()
        .get_inclusion_proof(request)
        .await
        .unwrap_err();
    (error.code(), reason(&error))
}

/// A payment that is included, one that is refused, and an offset sealed as void; then forty blocks on top.
struct Tower {
    stage: Stage,
    running: Node,
    /// Hashes of the blocks.
    tips: Vec<Hash>,
    paid: Sent,
    poor: Sent,
    void: Sent,
}

async fn tower() -> Tower {
    let mut stage = Stage::new();
    let running = stage.start(&[]).await;
    let mut tips = vec![stage.chain.tip().hash];
    let payment = stage.payment("carol", 10);
    let paid = stage.publish(0, &payment);
    let payment = stage.payment("carol", 5000);
    let poor = stage.publish(0, &payment);
    let void = stage.send(0, "bank", "carol", 1);
    let mut slots = stage.slots(0);
    slots[2] = Slot::Hole(1);
    stage.seal_as(0, slots);
    tips.push(stage.chain.tip().hash);
    for _ in 0..40 {
        stage.send(1, "bank", "carol", 1);
        stage.seal(1);
        tips.push(stage.chain.tip().hash);
    }
    running.at(41).await;
    Tower {
        stage,
        running,
        tips,
        paid,
        poor,
        void,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_leaf_can_be_proven_at_any_height() {
    let tower = tower().await;
    let (running, tips) = (&tower.running, &tower.tips);
    let at = |sent: &Sent| Subject::Position(sent.position().unwrap());
    for height in [1, 2, 7, 40, 41] {
        let prove = async |subject| {
            let trusted = &tips[height as usize];
            prove(running, subject, Some(height), trusted).await
        };
        let id = Subject::TransactionId(tower.paid.id.to_string());
        let proven = prove(id).await;
        let transaction = proven.transaction.unwrap();
        let id = transaction.id(&tower.stage.chain_id());
        assert_eq!(id, Some(tower.paid.id));
        assert!(matches!(
            proven.leaf,
            Leaf::Record {
                verdict: Verdict::Included,
                offset: 0,
                ..
            }
        ));
        assert!(matches!(
            prove(at(&tower.poor)).await.leaf,
            Leaf::Record {
                verdict: Verdict::InsufficientFunds,
                ..
            }
        ));
        assert!(matches!(
            prove(at(&tower.void)).await.leaf,
            Leaf::Void {
                from_offset: 2,
                to_offset: 3,
                ..
            }
        ));
        let leaf = prove(Subject::LeafIndex(0)).await.leaf;
        assert!(matches!(leaf, Leaf::Genesis { .. }));
        let leaf = prove(Subject::LeafIndex(1)).await.leaf;
        assert!(matches!(leaf, Leaf::Allocation { amount: 1000, .. }));
        let leaf = prove(Subject::LeafIndex(3)).await.leaf;
        assert!(matches!(
            leaf,
            Leaf::Block {
                height: 1,
                paid: 5,
                ..
            }
        ));
    }
    for index in 0..tower.stage.chain.tip().header.log_size {
        prove(running, Subject::LeafIndex(index), None, &tips[41]).await;
    }
    tower.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_leaf_cannot_be_proven() {
    use Code::{FailedPrecondition, InvalidArgument, NotFound, OutOfRange};
    let mut tower = tower().await;
    let pending = tower.stage.send(0, "bank", "carol", 1);
    let running = &tower.running;
    running.waiting(0, 4).await;
    running.audited(1).await;
    let size = tower.stage.chain.tip().header.log_size;
    let id = |id: &Hash| Some(Subject::TransactionId(id.to_string()));
    let at = |sent: &Sent| sent.position().map(Subject::Position);
    let beyond = position(0, 9).map(Subject::Position);
    let leaf = |index| Some(Subject::LeafIndex(index));
    for (subject, height, code, why) in [
        (None, None, InvalidArgument, "MISSING_FIELD"),
        (id(&pending.id), None, FailedPrecondition, "PENDING"),
        (at(&pending), None, FailedPrecondition, "PENDING"),
        (beyond, None, OutOfRange, "OFFSET_ABOVE_END"),
        (at(&tower.paid), Some(0), FailedPrecondition, "PENDING"),
        (id(&tower.paid.id), Some(0), NotFound, "UNKNOWN_TRANSACTION"),
        (id(&tower.void.id), None, NotFound, "UNKNOWN_TRANSACTION"),
        (id(&Hash::ZERO), None, NotFound, "UNKNOWN_TRANSACTION"),
        (leaf(size), None, OutOfRange, "LEAF_ABOVE_TIP"),
        (leaf(3), Some(0), OutOfRange, "LEAF_ABOVE_TIP"),
        (id(&tower.paid.id), Some(42), OutOfRange, "HEIGHT_ABOVE_TIP"),
    ] {
        let shown = format!("{subject:?} {height:?}");
        let answer = refused(running, subject, height).await;
        assert_eq!(answer, (code, why.into()), "{shown}");
    }
    let request = GetCheckpointRequest { height: None };
    let error = running.proofs.clone().get_checkpoint(request).await;
    assert_eq!(reason(&error.unwrap_err()), "NO_LOG_KEY");
    tower.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_two_tips_are_consistent() {
    let tower = tower().await;
    let mut proofs = tower.running.proofs.clone();
    let header = |text: &str, trusted: &Hash| {
        let bytes: [u8; 156] = hex::decode(text).unwrap().try_into().unwrap();
        assert_eq!(Hash::of(&bytes), *trusted);
        Header::from_bytes(&bytes)
    };
    for (from, to) in [(0, 41), (1, 2), (7, 7), (13, 40), (0, 0)] {
        let request = GetConsistencyProofRequest {
            from_height: from,
            to_height: Some(to),
        };
        let reply = proofs.get_consistency_proof(request).await.unwrap();
        let proof = reply.into_inner();
        let first = header(&proof.from_header, &tower.tips[from as usize]);
        let second = header(&proof.to_header, &tower.tips[to as usize]);
        let path: Vec<_> = proof.path.iter().map(|text| hash(text)).collect();
        assert!(log::verify_consistency(
            first.log_size,
            second.log_size,
            &first.log_root,
            &second.log_root,
            &path
        ));
    }
    let request = GetConsistencyProofRequest {
        from_height: 2,
        to_height: Some(1),
    };
    let error = proofs.get_consistency_proof(request).await.unwrap_err();
    assert_eq!(reason(&error), "INVERTED_RANGE");
    tower.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_signed_by_the_log_key() {
    let mut stage = Stage::new();
    stage.send(0, "bank", "carol", 1);
    stage.seal(0);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.pem");
    let key = chain::Secret::from_seed([9; 32]);
    kit::keyfile::write_pem(&path, &key.to_pem()).unwrap();
    let flag = format!("--log-key={}", path.display());
    let running = stage.start(&[&flag]).await;
    for (height, size) in [(Some(0), 3), (None, stage.chain.tip().header.log_size)] {
        let request = GetCheckpointRequest { height };
        let reply = running
            .proofs
            .clone()
            .get_checkpoint(request)
            .await
            .unwrap()
            .into_inner();
        let lines: Vec<_> = reply.note.lines().collect();
        assert_eq!(lines[0], format!("blocklog/{}", stage.chain_id()));
        assert_eq!(lines[1], size.to_string());
        assert_eq!(lines[3], "");
        assert!(lines[4].starts_with(&format!("\u{2014} {} ", lines[0])));
        assert_eq!(lines.len(), 5);
        assert_eq!(reply.height, Some(height.unwrap_or(1)));
    }
    running.stop().await;
}
