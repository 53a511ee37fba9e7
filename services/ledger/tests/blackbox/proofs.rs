//! Evidence that needs no trust in the ledger.

use chain::assemble::Slot;
use chain::leaf::Leaf;
use chain::proof::{Inclusion, Proven};
use chain::{Hash, Header, Verdict, log};
use proto::ledger::v1::get_inclusion_proof_request::Subject;
use proto::ledger::v1::*;
use tonic::Code;

use crate::stage::{Running, Stage, position, reason};

fn hash(text: &str) -> Hash {
    text.parse().unwrap()
}

async fn prove(
    running: &Running,
    subject: Subject,
    at_height: Option<u64>,
    trusted: &Hash,
) -> Proven {
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
    running: &Running,
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

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_leaf_can_be_proven_at_any_height() {
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
    for height in [1, 2, 7, 40, 41] {
        let (at, trusted) = (Some(height), &tips[height as usize]);
        let proven = prove(
            &running,
            Subject::TransactionId(paid.id.to_string()),
            at,
            trusted,
        )
        .await;
        assert!(matches!(
            proven.leaf,
            Leaf::Record {
                verdict: Verdict::Included,
                offset: 0,
                ..
            }
        ));
        assert_eq!(proven.transaction.unwrap().id(&stage.chain_id()), paid.id);
        let proven = prove(
            &running,
            Subject::Position(poor.position().unwrap()),
            at,
            trusted,
        )
        .await;
        assert!(matches!(
            proven.leaf,
            Leaf::Record {
                verdict: Verdict::InsufficientFunds,
                ..
            }
        ));
        let proven = prove(
            &running,
            Subject::Position(void.position().unwrap()),
            at,
            trusted,
        )
        .await;
        assert!(matches!(
            proven.leaf,
            Leaf::Void {
                from_offset: 2,
                to_offset: 3,
                ..
            }
        ));
        let proven = prove(&running, Subject::LeafIndex(0), at, trusted).await;
        assert!(matches!(proven.leaf, Leaf::Genesis { .. }));
        let proven = prove(&running, Subject::LeafIndex(1), at, trusted).await;
        assert!(matches!(proven.leaf, Leaf::Allocation { amount: 1000, .. }));
        let proven = prove(&running, Subject::LeafIndex(3), at, trusted).await;
        assert!(matches!(
            proven.leaf,
            Leaf::Block {
                height: 1,
                paid: 5,
                ..
            }
        ));
    }
    let size = stage.chain.tip().log_size;
    for index in 0..size {
        prove(&running, Subject::LeafIndex(index), None, &tips[41]).await;
    }

    let pending = stage.send(0, "bank", "carol", 1);
    running
        .until(|info| {
            info.partitions[0].end_offset == Some(4)
                && info.partitions[0].oldest_pending_time.is_some()
        })
        .await;
    let id = |id: &Hash| Some(Subject::TransactionId(id.to_string()));
    for (subject, height, code, why) in [
        (None, None, Code::InvalidArgument, "MISSING_FIELD"),
        (id(&pending.id), None, Code::FailedPrecondition, "PENDING"),
        (
            pending.position().map(Subject::Position),
            None,
            Code::FailedPrecondition,
            "PENDING",
        ),
        (
            position(0, 9).map(Subject::Position),
            None,
            Code::OutOfRange,
            "OFFSET_ABOVE_END",
        ),
        (
            paid.position().map(Subject::Position),
            Some(0),
            Code::FailedPrecondition,
            "PENDING",
        ),
        (id(&paid.id), Some(0), Code::NotFound, "UNKNOWN_TRANSACTION"),
        (id(&Hash::ZERO), None, Code::NotFound, "UNKNOWN_TRANSACTION"),
        (
            Some(Subject::LeafIndex(size)),
            None,
            Code::OutOfRange,
            "LEAF_ABOVE_TIP",
        ),
        (
            Some(Subject::LeafIndex(3)),
            Some(0),
            Code::OutOfRange,
            "LEAF_ABOVE_TIP",
        ),
        (id(&paid.id), Some(42), Code::OutOfRange, "HEIGHT_ABOVE_TIP"),
    ] {
        let shown = format!("{subject:?} {height:?}");
        assert_eq!(
            refused(&running, subject, height).await,
            (code, why.into()),
            "{shown}"
        );
    }

    for (from, to) in [(0, 41), (1, 2), (7, 7), (13, 40), (0, 0)] {
        let request = GetConsistencyProofRequest {
            from_height: from,
            to_height: Some(to),
        };
        let proof = running
            .proofs
            .clone()
            .get_consistency_proof(request)
            .await
            .unwrap()
            .into_inner();
        let header = |text: &str, trusted: &Hash| {
            let bytes: [u8; 156] = hex::decode(text).unwrap().try_into().unwrap();
            assert_eq!(Hash::of(&bytes), *trusted);
            Header::from_bytes(&bytes)
        };
        let first = header(&proof.from_header, &tips[from as usize]);
        let second = header(&proof.to_header, &tips[to as usize]);
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
    let error = running
        .proofs
        .clone()
        .get_consistency_proof(request)
        .await
        .unwrap_err();
    assert_eq!(reason(&error), "INVERTED_RANGE");

    let error = running
        .proofs
        .clone()
        .get_checkpoint(GetCheckpointRequest { height: None })
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), reason(&error).as_str()),
        (Code::FailedPrecondition, "NO_LOG_KEY")
    );
    running.stop().await;
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
    for (height, size) in [(Some(0), 3), (None, stage.chain.tip().log_size)] {
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
