//! Imported journals: records at their own offsets, with their own times, and read-only.

use std::time::Duration;

use bytes::Bytes;
use journal::{
    AppendError, Entry, Error, FaultyDisk, Import, Journal, Offsets, Options, Record, TopicSpec,
    Url,
};

const TOPIC: &str = "t";
/// Small enough for several segments.
const SEGMENT_BYTES: u64 = 500;
const PATIENCE: Duration = Duration::from_secs(10);

/// Records with holes before, between and at the borders of segments; times that fall.
fn records() -> Vec<Record> {
    let offsets = [3, 4, 5, 9, 10, 11, 12, 40, 41, 1000];
    let record = |(number, offset): (usize, u64)| Record {
        offset,
        append_ms: 1_700_000_000_000 - offset,
        key: None,
        value: Bytes::from(vec![number as u8; 100]),
        headers: Vec::new(),
    };
    offsets.into_iter().enumerate().map(record).collect()
}

fn import(disk: &FaultyDisk) -> Result<(), Error> {
    let mut import = disk.import(TOPIC)?;
    for record in records() {
        import.push(&record)?;
    }
    import.finish()
}

fn read(journal: &Journal, from: u64) -> Result<Vec<Record>, Error> {
    let end = journal.offsets(TOPIC, 0)?.end;
    let mut reader = journal.reader(TOPIC, 0, from)?;
    let (mut found, mut next) = (Vec::new(), from);
    while next < end {
        let batch = reader.next(250, PATIENCE)?;
        next = batch.next;
        found.extend(batch.records);
    }
    Ok(found)
}

#[test]
fn records_keep_offsets_times_and_bytes() {
    let disk = FaultyDisk::new(1, SEGMENT_BYTES);
    import(&disk).expect("it is imported");
    let segments = disk
        .files()
        .keys()
        .filter(|name| name.ends_with(".log"))
        .count();
    assert!(segments > 2, "{segments} segments");
    disk.restore_power();
    let journal = disk.open().expect("it opens");
    let ends = journal.offsets(TOPIC, 0).expect("the topic is there");
    assert_eq!(
        ends,
        Offsets {
            start: 0,
            end: 1001
        }
    );
    for from in 0..=1001 {
        let expected: Vec<Record> = records().into_iter().filter(|r| r.offset >= from).collect();
        assert_eq!(read(&journal, from).expect("it reads"), expected, "{from}");
    }
}

#[test]
fn nothing_is_appended_and_no_topic_made() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("imported");
    let mut import = Import::begin(&root, TOPIC).expect("it begins");
    import.push(&records()[0]).expect("it is taken");
    let url = Url::parse(&format!("disk:{}", root.display())).expect("a URL");
    let open = || Journal::open(&url, &Options::default());
    assert!(matches!(open(), Err(Error::Locked { .. })));
    import.finish().expect("it is whole");

    let journal = open().expect("it opens");
    let refused = journal.expect_writable().expect_err("it is read-only");
    assert!(refused.to_string().contains("read-only"), "{refused}");
    let entry = Entry::default();
    let append = journal.append(TOPIC, entry, PATIENCE);
    assert!(
        matches!(&append, Err(AppendError::Terminal(why)) if why.contains("read-only")),
        "{append:?}"
    );
    let spec = |name: &str| TopicSpec {
        name: name.to_owned(),
        partitions: 1,
        max_record_bytes: 1,
    };
    assert_eq!(journal.create_topic(&spec("other")), Err(refused));
    journal.create_topic(&spec(TOPIC)).expect("it is there");
    drop(journal);
    let again = Import::begin(&root, TOPIC).err();
    assert!(matches!(again, Some(Error::NotEmpty { .. })), "{again:?}");
}

#[test]
fn what_does_not_follow_is_refused() {
    let disk = FaultyDisk::new(1, SEGMENT_BYTES);
    let mut import = disk.import(TOPIC).expect("it begins");
    let [first, second] = [&records()[0], &records()[1]];
    import.push(second).expect("it is taken");
    for wrong in [first, second] {
        assert!(matches!(import.push(wrong), Err(Error::BadConfig(_))));
    }
    let last = Record {
        offset: u64::MAX,
        ..first.clone()
    };
    assert!(matches!(import.push(&last), Err(Error::BadConfig(_))));
}

#[test]
fn an_import_that_was_cut_off_is_no_journal() {
    let mut whole = 0;
    for operations in 0..200 {
        let disk = FaultyDisk::new(operations, SEGMENT_BYTES);
        disk.cut_power_after(operations);
        let imported = import(&disk);
        disk.restore_power();
        match disk.open() {
            Ok(journal) if imported.is_ok() || journal.expect_writable().is_err() => {
                assert_eq!(read(&journal, 0).expect("it reads"), records());
                whole += 1;
            }
            // Nothing had been written: an ordinary journal begins there.
            Ok(_) => {}
            Err(Error::BadConfig(why)) => assert!(why.contains("not a journal"), "{why}"),
            Err(error) => panic!("after {operations} operations: {error}"),
        }
    }
    assert!(whole > 10, "{whole} imports were completed");
}

#[test]
fn a_full_disk_ends_it() {
    // Within the mark, within the records, within the last words.
    for room in [100, 4_500, 5_600] {
        let disk = FaultyDisk::new(1, SEGMENT_BYTES);
        disk.set_room(Some(room));
        let error = import(&disk).expect_err("the disk is full");
        assert!(matches!(error, Error::Io { .. }), "{error}");
        disk.set_room(None);
        let opened = disk.open().err();
        assert!(matches!(opened, Some(Error::BadConfig(_))), "{opened:?}");
    }
}

#[test]
fn every_damage_is_found() {
    let disk = FaultyDisk::new(1, SEGMENT_BYTES);
    import(&disk).expect("it is imported");
    disk.restore_power();
    let files = disk.files();
    let logs = files.iter().filter(|(name, _)| name.ends_with(".log"));
    for (name, bytes) in logs {
        let cut = bytes[..bytes.len() - 1].to_vec();
        let longer = [&bytes[..], b"more"].concat();
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        for damaged in [cut, longer, changed] {
            disk.put(name, &damaged);
            let found = disk.open().and_then(|journal| read(&journal, 0));
            assert!(matches!(found, Err(Error::Corrupt { .. })), "{name}");
            assert_eq!(disk.files()[name], damaged, "nothing is changed");
        }
        disk.put(name, bytes);
    }
    disk.open().expect("it opens again");
}
