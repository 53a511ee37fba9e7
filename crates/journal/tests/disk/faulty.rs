//! The disk journal on a disk that fails: no acknowledged record is lost or changed, and no refused one appears.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use journal::{
    AppendError, Appender, Completion, Entry, Error, FaultyDisk, Journal, Record, TopicSpec,
};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const PATIENCE: Duration = Duration::from_secs(10);
const TOPIC: &str = "t";
const PARTITIONS: u32 = 2;

fn create(journal: &Journal) -> Result<(), Error> {
    let spec = TopicSpec {
        name: TOPIC.into(),
        partitions: PARTITIONS,
        max_record_bytes: 1 << 20,
    };
    journal.create_topic(&spec).map(drop)
}

fn entry(partition: u32, number: u64, size: usize) -> Entry {
    let mut value = number.to_be_bytes().to_vec();
    value.extend((0..size).map(|i| (i as u64 * 7 + number) as u8));
    Entry {
        partition,
        value: value.into(),
        ..Entry::default()
    }
}

fn appender(journal: &Journal) -> Result<(Appender, Receiver<Vec<Completion>>), Error> {
    let (send, receive) = mpsc::channel();
    let send = Mutex::new(send);
    let sink = move |batch| drop(send.lock().expect("no panic").send(batch));
    Ok((journal.appender(TOPIC, Arc::new(sink))?, receive))
}

fn put(journal: &Journal, number: u64, size: usize) -> Result<u64, AppendError> {
    let appended = journal.append(TOPIC, entry(0, number, size), PATIENCE)?;
    Ok(appended.offset.expect("known"))
}

fn read_all(journal: &Journal, partition: u32) -> Result<Vec<Record>, Error> {
    let end = journal.offsets(TOPIC, partition)?.end;
    let mut reader = journal.reader(TOPIC, partition, 0)?;
    let mut records = Vec::new();
    while (records.len() as u64) < end {
        records.extend(reader.next(1 << 16, Duration::ZERO)?.records);
    }
    Ok(records)
}

fn number(record: &Record) -> u64 {
    u64::from_be_bytes(
        record.value[..8]
            .try_into()
            .expect("every value begins with its number"),
    )
}

/// Outcomes of a run of appends, by partition.
#[derive(Default)]
struct Told {
    /// Number of the record by offset.
    acknowledged: BTreeMap<(u32, u64), u64>,
    /// Numbers that must not be there.
    refused: Vec<u64>,
    next: u64,
}

/// Appends in bursts until something fails.
fn run(journal: &Journal, rng: &mut SmallRng, told: &mut Told) -> Result<(), Error> {
    let (appender, completions) = appender(journal)?;
    let mut partitions = BTreeMap::new();
    loop {
        let burst = rng.random_range(1..20);
        for _ in 0..burst {
            let partition = rng.random_range(0..PARTITIONS);
            told.next += 1;
            partitions.insert(told.next, partition);
            let entry = entry(partition, told.next, rng.random_range(0..2000));
            appender
                .append(told.next, entry)
                .map_err(|(_, error)| error)
                .expect("there is room");
        }
        appender.flush(PATIENCE)?;
        let mut failed = false;
        for completion in completions.try_iter().flatten() {
            match completion.result {
                Ok(appended) => {
                    let place = (
                        partitions[&completion.token],
                        appended.offset.expect("known"),
                    );
                    told.acknowledged.insert(place, completion.token);
                }
                Err(AppendError::Unknown(_)) => failed = true,
                Err(_) => {
                    failed = true;
                    told.refused.push(completion.token);
                }
            }
        }
        if failed {
            return Ok(());
        }
    }
}

/// Acknowledged records exist, refused ones do not, and records once read stay.
fn check(journal: &Journal, told: &mut Told, seed: u64) {
    for partition in 0..PARTITIONS {
        let records = read_all(journal, partition).expect("it reads");
        for (i, record) in records.iter().enumerate() {
            assert_eq!(record.offset, i as u64, "seed {seed}");
            let expected = entry(partition, number(record), record.value.len() - 8);
            assert!(
                record.value == expected.value,
                "seed {seed}: {partition}/{i} is not as it was written"
            );
            assert!(
                !told.refused.contains(&number(record)),
                "seed {seed}: {partition}/{i} had been refused"
            );
        }
        for ((_, offset), expected) in told.acknowledged.range((partition, 0)..(partition + 1, 0)) {
            let found = records.get(*offset as usize).map(number);
            assert_eq!(
                found,
                Some(*expected),
                "seed {seed}: {partition}/{offset} was acknowledged or read"
            );
        }
        let read = records
            .iter()
            .map(|record| ((partition, record.offset), number(record)));
        told.acknowledged.extend(read);
    }
}

#[test]
fn crashes_lose_nothing_acknowledged() {
    for seed in 0..200 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let disk = FaultyDisk::new(seed, 20_000);
        let mut told = Told::default();
        for _ in 0..8 {
            disk.cut_power_after(rng.random_range(0..200));
            if let Ok(journal) = disk.open()
                && create(&journal).is_ok()
            {
                run(&journal, &mut rng, &mut told).expect("everything completes");
            }
            if rng.random_bool(0.7) {
                disk.restore_power();
            } else {
                disk.kill_process();
            }
            let journal = disk
                .open()
                .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            create(&journal).expect("a topic");
            check(&journal, &mut told, seed);
            if rng.random_bool(0.5) {
                disk.cut_power_after(0);
                drop(journal);
                disk.restore_power();
                let journal = disk
                    .open()
                    .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                check(&journal, &mut told, seed);
            }
        }
        assert!(!told.acknowledged.is_empty(), "seed {seed} never appended");
    }
}

#[test]
fn a_full_disk_refuses_and_heals() {
    for seed in 0..40 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let disk = FaultyDisk::new(seed, 20_000);
        let mut told = Told::default();
        let journal = disk.open().expect("it opens");
        create(&journal).expect("a topic");
        for _ in 0..4 {
            disk.set_room(Some(rng.random_range(0..40_000)));
            run(&journal, &mut rng, &mut told).expect("everything completes");
            disk.set_room(None);
            check(&journal, &mut told, seed);
        }
        let why = {
            disk.set_room(Some(0));
            let refused = put(&journal, 1 << 40, 10).expect_err("the disk is full");
            disk.set_room(None);
            refused
        };
        assert!(
            matches!(&why, AppendError::Retryable(text) if text.contains("full")),
            "{why}"
        );
        put(&journal, 1 << 41, 10).expect("it has healed");
        drop(journal);
        disk.restore_power();
        check(&disk.open().expect("it opens"), &mut told, seed);
    }
}

#[test]
fn a_failed_sync_stops_the_journal() {
    let disk = FaultyDisk::new(1, 1 << 20);
    let journal = disk.open().expect("it opens");
    create(&journal).expect("a topic");
    put(&journal, 1, 10).expect("appended");
    let mut reader = journal.reader(TOPIC, 1, 0).expect("a reader");
    disk.set_failing_syncs(true);
    assert!(matches!(put(&journal, 2, 10), Err(AppendError::Unknown(_))));
    disk.set_failing_syncs(false);
    let refused = put(&journal, 3, 10).expect_err("it has stopped");
    assert!(
        matches!(&refused, AppendError::Terminal(why) if why.contains("stopped")),
        "nobody waits for it to heal: {refused}"
    );
    let stopped = reader.next(1, PATIENCE).expect_err("readers hear of it");
    assert!(matches!(stopped, Error::Stopped(_)) && !stopped.is_retryable());
    drop((reader, journal));
    let journal = disk.open().expect("it opens");
    let found: Vec<u64> = read_all(&journal, 0)
        .expect("it reads")
        .iter()
        .map(number)
        .collect();
    assert!(found == [1] || found == [1, 2], "{found:?}");
    put(&journal, 4, 10).expect("appended");
}

/// A closed journal of five records, written one by one, and its files.
fn five() -> (FaultyDisk, BTreeMap<String, Vec<u8>>) {
    let disk = FaultyDisk::new(1, 1 << 20);
    let journal = disk.open().expect("it opens");
    create(&journal).expect("a topic");
    for i in 0..5 {
        put(&journal, i, 20).expect("appended");
    }
    drop(journal);
    let files = disk.files();
    (disk, files)
}

const LOG: &str = "t/0/00000000000000000000.log";
const MARK: &str = "t/0/synced";

fn corrupt(disk: &FaultyDisk, what: &str) -> (String, u64) {
    match disk.open() {
        Err(Error::Corrupt { file, position, .. }) => {
            (file.to_string_lossy().into_owned(), position)
        }
        Err(other) => panic!("{what}: {other}"),
        Ok(_) => panic!("{what}: opened"),
    }
}

#[test]
fn rot_below_the_mark_refuses_to_start() {
    let (disk, files) = five();
    let log = &files[LOG];
    let frame = log.len() / 5;
    for position in 0..log.len() {
        let mut rotten = log.clone();
        rotten[position] ^= 0x10;
        disk.put(LOG, &rotten);
        let (file, at) = corrupt(&disk, &format!("byte {position}"));
        assert!(file.ends_with(LOG), "{file}");
        assert_eq!(
            at as usize,
            position / frame * frame,
            "the record that holds byte {position}"
        );
        assert_eq!(disk.files()[LOG], rotten, "nothing was changed");
    }
    for length in 0..log.len() {
        disk.put(LOG, &log[..length]);
        corrupt(&disk, &format!("cut to {length} bytes"));
    }
}

/// After a power cut the mark may be low. Then the groups show what had been synced: only the last one may be torn.
#[test]
fn an_old_mark_still_tells_rot_from_a_torn_write() {
    let (disk, files) = five();
    let log = &files[LOG];
    let frame = log.len() / 5;
    // Nothing was appended to the other partition: its mark is what this one's was at first.
    let never_set = &files["t/1/synced"];
    assert_ne!(never_set, &files[MARK]);
    for position in 0..log.len() {
        let mut rotten = log.clone();
        rotten[position] ^= 0x10;
        disk.put(LOG, &rotten);
        disk.put(MARK, never_set);
        if position / frame < 4 {
            corrupt(&disk, &format!("byte {position}"));
        } else {
            let journal = disk.open().expect("the last group may be torn");
            assert_eq!(read_all(&journal, 0).expect("it reads").len(), 4);
        }
    }
}

#[test]
fn a_damaged_mark_or_description_refuses_to_start() {
    let (disk, files) = five();
    for path in [MARK, "t/topic", "journal"] {
        let whole = &files[path];
        disk.put(path, &vec![0x55; whole.len()]);
        let (file, _) = corrupt(&disk, path);
        assert!(file.ends_with(path), "{file}");
        disk.put(path, whole);
    }
    drop(disk.open().expect("whole again"));
    // One slot of two is enough.
    for slot in [0..12, 4096..4108] {
        let mut torn = files[MARK].clone();
        torn[slot].fill(0xff);
        disk.put(MARK, &torn);
        let journal = disk.open().expect("the other slot");
        assert_eq!(read_all(&journal, 0).expect("it reads").len(), 5);
        drop(journal);
        disk.put(MARK, &files[MARK]);
    }
}

#[test]
fn a_missing_mark_is_named_for_what_it_is() {
    let (disk, _) = five();
    disk.remove(MARK);
    let error = disk.open().err().expect("refused").to_string();
    for word in [MARK, "missing", "synced", "restore that file"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn full_segments_are_checked_at_the_latest_when_they_are_read() {
    let disk = FaultyDisk::new(1, 1000);
    let journal = disk.open().expect("it opens");
    create(&journal).expect("a topic");
    for i in 0..30 {
        assert_eq!(put(&journal, i, 200), Ok(i));
    }
    let mut reader = journal.reader(TOPIC, 0, 17).expect("a reader");
    assert_eq!(
        reader.next(1, Duration::ZERO).expect("it reads").records[0].offset,
        17
    );
    drop((reader, journal));
    let files = disk.files();
    let logs: Vec<&String> = files
        .keys()
        .filter(|path| path.starts_with("t/0/0"))
        .collect();
    assert!(logs.len() > 5, "{logs:?}");
    let again = disk.open().expect("it opens");
    assert_eq!(read_all(&again, 0).expect("it reads").len(), 30);
    for from in 0..30 {
        let mut reader = again.reader(TOPIC, 0, from).expect("a reader");
        let read = reader.next(1, Duration::ZERO).expect("it reads");
        assert_eq!(read.records[0].offset, from);
    }
    drop(again);
    let mut refused = 0;
    for path in logs {
        let whole = &files[path];
        if whole.is_empty() {
            continue;
        }
        let mut rotten = whole.clone();
        rotten[whole.len() / 2] ^= 1;
        disk.put(path, &rotten);
        let opened = disk.open();
        refused += usize::from(opened.is_err());
        match opened.and_then(|journal| read_all(&journal, 0)) {
            Err(Error::Corrupt { file, .. }) => assert!(file.ends_with(path), "{file:?}"),
            other => panic!("{path}: {other:?}"),
        }
        disk.put(path, whole);
    }
    assert!(
        (1..=2).contains(&refused),
        "{refused} segments are read at start"
    );
}
