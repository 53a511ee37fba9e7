//! The whole service over a memory journal: flags in, gRPC and records out.

mod network;

use std::time::Duration;

use bytes::Bytes;
use chain::testing::secret;
use kit::client::Channel;
use kit::testing::{PATIENCE, Running};
use proto::miner::v1::miner_service_client::MinerServiceClient;
use proto::miner::v1::{GetMinerStatusRequest, Phase, WatchMinerRequest};
use tokio::time::{sleep, timeout};
use tokio_stream::StreamExt as _;

use network::Network;

fn client(miner: &Running) -> MinerServiceClient<Channel> {
    MinerServiceClient::new(miner.channel())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_records_make_one_block_and_the_status_says_so() {
    let network = Network::new(2);
    let miner = network
        .miner(&["--partition=0", "--account=miner", "--block-age=60s"])
        .await;
    let mut client = client(&miner);
    for _ in 0..2 {
        network.send(0, "alice");
    }
    miner.ready().await;
    sleep(Duration::from_millis(300)).await;
    assert!(network.judge().blocks().is_empty());
    network.send(0, "alice");
    let judged = network.sealed(3).await;
    assert_eq!(judged.blocks(), [(0, 0, 3)]);
    sleep(Duration::from_millis(100)).await;
    let status = client
        .get_miner_status(GetMinerStatusRequest {})
        .await
        .expect("answers");
    let status = status.into_inner().status.expect("set");
    assert_eq!(status.chain_id, network.genesis.chain_id().to_string());
    assert_eq!(
        (status.account.as_str(), status.partitions.as_slice()),
        ("miner", &[0][..])
    );
    assert_eq!(
        (status.tip_height, status.blocks_won, status.blocks_stale),
        (Some(1), Some(1), Some(0))
    );
    assert_eq!(status.phase(), Phase::WaitingForRecords);
    assert!(status.template.is_none() && status.hash_rate.expect("has sealed") > 0.0);
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_that_race_seal_every_record_once() {
    race(Network::new(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn miners_that_race_on_kafka_seal_every_record_once() {
    let Some(mut network) = Network::on_kafka() else {
        return;
    };
    network.genesis.partitions = 2;
    network.establish();
    race(network).await;
}

/// Two miners on partition 0, one on partition 1, 250 records each.
async fn race(network: Network) {
    let flags = ["--partition=0", "--threads=1", "--block-age=20ms"];
    let one = network
        .miner(&[&flags[..], &["--account=one"]].concat())
        .await;
    let two = network
        .miner(&[&flags[..], &["--account=two"]].concat())
        .await;
    let other = network
        .miner(&["--partition=1", "--account=other", "--threads=1"])
        .await;
    for n in 0..500 {
        network.send(n % 2, if n % 3 == 0 { "alice" } else { "carol" });
        if n % 10 == 0 {
            sleep(Duration::from_millis(3)).await;
        }
    }
    let judged = network.sealed(500).await;
    for partition in [0, 1] {
        let sealed = judged.sealed().into_iter().filter(|s| s.0 == partition);
        let offsets: Vec<_> = sealed.map(|s| s.1).collect();
        assert_eq!(offsets, (0..250).collect::<Vec<_>>());
    }
    assert!(
        judged.refused.iter().all(|rule| *rule == "STALE"),
        "{:?}",
        judged.refused
    );
    // The last blocks may be appended and not read back yet, and stale ones still be on their way.
    sleep(Duration::from_secs(1)).await;
    let judged = network.judge();
    let mut won = 0;
    let mut stale = 0;
    for miner in [&one, &two, &other] {
        let status = client(miner)
            .get_miner_status(GetMinerStatusRequest {})
            .await
            .expect("answers");
        let status = status.into_inner().status.expect("set");
        won += status.blocks_won.expect("known");
        stale += status.blocks_stale.expect("known");
    }
    assert_eq!(won as usize, judged.blocks().len());
    assert_eq!(stale as usize, judged.refused.len());
    for miner in [one, two, other] {
        miner.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_miner_resumes_with_and_without_a_snapshot() {
    let network = Network::new(1);
    let data = tempfile::tempdir().expect("a folder");
    let with = format!("--data={}", data.path().display());
    let flags = ["--partition=0", "--account=miner"];
    for (round, extra) in [&[][..], &[with.as_str()], &[with.as_str()]]
        .iter()
        .enumerate()
    {
        let miner = network.miner(&[&flags[..], extra].concat()).await;
        for _ in 0..3 {
            network.send(0, "alice");
        }
        network.sealed(3 * (round + 1)).await;
        miner.stop().await;
    }
    assert!(data.path().join("chain.snapshot").exists());
    assert_eq!(network.judge().blocks(), [(0, 0, 3), (0, 3, 6), (0, 6, 9)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_without_a_genesis_waits_for_block_zero() {
    let network = Network::bare();
    let miner = network.miner(&["--partition=0", "--account=miner"]).await;
    miner.unready("NO_CHAIN").await;
    network.establish();
    network.put(0, Bytes::from_static(b"garbage"));
    network.put(0, Bytes::from(vec![1; 50_000]));
    let judged = network.sealed(2).await;
    assert_eq!(
        judged.sealed(),
        [(0, 0, "UNDECODABLE"), (0, 1, "TOO_LARGE")]
    );
    miner.ready().await;
    miner.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_key_signs_its_blocks_and_another_is_told_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = |name: &str, seed: u8| {
        let secret = secret(seed);
        let path = folder.path().join(name);
        kit::keyfile::write_pem(&path, &secret.to_pem()).expect("written");
        (secret.account(), format!("--key={}", path.display()))
    };
    let (listed, listed_key) = key("listed", 1);
    let (_, other_key) = key("other", 2);
    let mut network = Network::bare();
    network.genesis.open = false;
    network.genesis.miners = vec![listed];
    network.establish();
    network.put(0, Bytes::from_static(b"garbage"));
    let miner = network.miner(&["--partition=0", &listed_key]).await;
    let judged = network.sealed(1).await;
    assert!(judged.refused.is_empty(), "{:?}", judged.refused);
    miner.stop().await;
    let other = network.miner(&["--partition=0", &other_key]).await;
    let error = format!("{:#}", other.ended().await.expect_err("fails"));
    assert!(error.contains("list of miners"), "{error}");
    assert!(error.contains("miner+ bl1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_ends_the_service_with_a_message() {
    let network = Network::new(2);
    let miner = network.miner(&["--partition=2", "--account=miner"]).await;
    let error = format!("{:#}", miner.ended().await.expect_err("fails"));
    assert!(
        error.contains("--partition 2") && error.contains("0 to 1"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_shows_changes_and_the_end() {
    let network = Network::new(1);
    let miner = network.miner(&["--partition=0", "--account=miner"]).await;
    miner.ready().await;
    let stream = client(&miner)
        .watch_miner(WatchMinerRequest {})
        .await
        .expect("answers");
    let mut stream = stream.into_inner();
    let first = stream
        .next()
        .await
        .expect("at once")
        .expect("a status")
        .status
        .expect("set");
    assert_eq!(first.tip_height, Some(0));
    for _ in 0..3 {
        network.send(0, "alice");
    }
    let begun = std::time::Instant::now();
    let mut seen = 0;
    loop {
        let status = stream
            .next()
            .await
            .expect("goes on")
            .expect("a status")
            .status
            .expect("set");
        seen += 1;
        if status.blocks_won == Some(1) {
            break;
        }
    }
    assert!(
        seen <= 1 + begun.elapsed().as_millis() / 250,
        "{seen} in {:?}",
        begun.elapsed()
    );
    let stopping = tokio::spawn(miner.stop());
    let last = timeout(PATIENCE, async {
        loop {
            match stream.next().await {
                Some(Ok(_)) => {}
                other => return other,
            }
        }
    });
    let status = last
        .await
        .expect("ends")
        .expect("with a status")
        .expect_err("an error");
    assert_eq!(
        kit::status::reason(&status).as_deref(),
        Some("SHUTTING_DOWN")
    );
    stopping.await.expect("a good end");
}
