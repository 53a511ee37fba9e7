//! The disk provider: append-only segment files, for one machine without a broker.
//!
//! ```text
//! PATH/
//!   LOCK                            locked while a process has the journal open; holds its pid
//!   journal                         format and salt
//!   transactions/
//!     topic                         partitions and largest record; written last: a topic without it does not exist
//!     0/
//!       synced                      the synced-end mark
//!       00000000000000000000.log    frames of the records from offset 0 on
//!       00000000000000412345.log    … and from offset 412345 on
//!     1/ …
//! ```
//!
//! One thread per journal takes the queued appends of all partitions, writes them, syncs, and only then publishes them to
//! readers and completes the appends. The format of records is in `disk/frame.rs`, the mark in `disk/mark.rs`, recovery after a
//! crash in `disk/recover.rs`, failing disks in `disk/writer.rs`, read-only journals in `disk/import.rs`.

mod directory;
#[cfg(feature = "testing")]
mod faulty;
mod files;
mod frame;
mod import;
mod mark;
mod meta;
mod metrics;
mod partition;
mod reader;
mod recover;
mod scan;
mod store;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use opentelemetry::metrics::Meter;
use parking_lot::Mutex;

#[cfg(feature = "testing")]
pub use self::faulty::FaultyDisk;
use self::files::Files;
use self::frame::MAX_RECORD_BYTES;
pub use self::import::Import;
use self::metrics::Metrics;
pub(crate) use self::partition::Partition;
pub(crate) use self::reader::Reader;
use self::recover::Survey;
use self::store::Store;
use self::writer::{PartitionWriter, Writer};
use crate::append::Sink;
use crate::error::Error;
use crate::local::{Appender, Partition as _, SharedQueue, Topic, Topics};
use crate::queue::Queue;
use crate::record::Offsets;
use crate::topic::{Creation, Description, TopicSpec};

/// A journal on disk.
#[derive(Clone)]
pub(crate) struct Disk {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    store: Store,
    topics: Arc<Topics<Partition>>,
    metrics: Arc<Metrics>,
    /// Held while a topic is created.
    creating: Mutex<()>,
    /// Passes each opened partition to the writer.
    opened: mpsc::Sender<PartitionWriter>,
    queue: SharedQueue<Partition>,
}

impl Disk {
    pub(crate) fn open(root: &Path) -> Result<Disk, Error> {
        Disk::open_on(Files::machine(), root, partition::SEGMENT_BYTES)
    }

    fn open_on(files: Files, root: &Path, segment_bytes: u64) -> Result<Disk, Error> {
        let lock = directory::lock(&files, root)?;
        let (salt, read_only) = directory::establish(&files, root)?;
        let store = Store {
            files,
            salt,
            segment_bytes,
            read_only,
        };
        let (opened, receive) = mpsc::channel();
        let topics = Arc::new(open_topics(&store, root, &opened)?);
        let metrics = Arc::new(Metrics::default());
        let mut writer = Writer::new(salt, Arc::clone(&topics), Arc::clone(&metrics), receive);
        let queue = Queue::start("journal-disk", Some(lock), move |group| {
            writer.commit(group)
        })?;
        let inner = Inner {
            root: root.to_owned(),
            store,
            topics,
            metrics,
            creating: Mutex::new(()),
            opened,
            queue: Arc::new(queue),
        };
        Ok(Disk {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn expect_writable(&self) -> Result<(), Error> {
        if self.inner.store.read_only {
            return Err(Error::ReadOnly {
                path: self.inner.root.clone(),
            });
        }
        Ok(())
    }

    pub(crate) fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        let inner = &*self.inner;
        let store = &inner.store;
        check_spec(spec)?;
        let _creating = inner.creating.lock();
        if inner.topics.get(&spec.name).is_ok() {
            return Ok(Creation::Existed);
        }
        self.expect_writable()?;
        let directory = inner.root.join(&spec.name);
        let partitions: Vec<_> = partitions(spec, &directory).collect();
        for partition in &partitions {
            recover::create(store, partition)?;
        }
        store.files.sync_dir(&inner.root)?;
        store.files.sync_dir(&directory)?;
        let pairs = [
            ("partitions", spec.partitions.to_string()),
            ("max_record_bytes", spec.max_record_bytes.to_string()),
        ];
        meta::write(&store.files, &directory.join("topic"), &pairs)?;
        let mut surveys = recover::survey_all(store, &partitions).into_iter();
        let topic = open_topic(store, spec.clone(), &directory, &mut surveys, &inner.opened)?;
        Ok(inner.topics.insert(topic))
    }

    pub(crate) fn observe(&self, meter: &Meter) {
        self.inner.metrics.observe(meter, &self.inner.topics);
    }

    pub(crate) fn describe(&self, expected: &TopicSpec) -> Option<Description> {
        self.inner.topics.describe(expected)
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        Ok(self.inner.topics.partition(topic, partition)?.offsets())
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender<Partition>, Error> {
        self.expect_writable()?;
        self.inner.topics.appender(topic, &self.inner.queue, sink)
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        let partition = self.inner.topics.partition(topic, partition)?;
        Ok(Reader::new(Arc::clone(&self.inner.queue), partition, from))
    }
}

fn open_topics(
    store: &Store,
    root: &Path,
    opened: &mpsc::Sender<PartitionWriter>,
) -> Result<Topics<Partition>, Error> {
    store.files.sync_dir(root)?;
    let mut specs = Vec::new();
    for name in store.files.list(root)? {
        if directory::is_own(&name) {
            continue;
        }
        let directory = root.join(&name);
        let path = directory.join("topic");
        let Some(pairs) = meta::read(&store.files, &path)? else {
            continue;
        };
        let small = |name| {
            let too_large = |_| Error::corrupt(&path, 0, format!("its {name} is too large"));
            u32::try_from(meta::number(&pairs, name, &path)?).map_err(too_large)
        };
        let spec = TopicSpec {
            name,
            partitions: small("partitions")?,
            max_record_bytes: small("max_record_bytes")?,
        };
        specs.push((spec, directory));
    }
    let directories = specs
        .iter()
        .flat_map(|(spec, directory)| partitions(spec, directory));
    let mut surveys = recover::survey_all(store, &directories.collect::<Vec<_>>()).into_iter();
    let topics = Topics::default();
    for (spec, directory) in specs {
        topics.insert(open_topic(store, spec, &directory, &mut surveys, opened)?);
    }
    Ok(topics)
}

/// The directories of a topic's partitions, in order.
fn partitions(spec: &TopicSpec, directory: &Path) -> impl Iterator<Item = PathBuf> {
    (0..spec.partitions).map(|number| directory.join(number.to_string()))
}

/// Opens the partitions of a topic, and passes the writer its side of them.
fn open_topic(
    store: &Store,
    spec: TopicSpec,
    directory: &Path,
    surveys: &mut impl Iterator<Item = Result<Survey, Error>>,
    opened: &mpsc::Sender<PartitionWriter>,
) -> Result<Topic<Partition>, Error> {
    store.files.sync_dir(directory)?;
    let found = (0..).zip(partitions(&spec, directory)).zip(surveys);
    let open = |((number, directory), survey): ((u32, PathBuf), Result<Survey, Error>)| {
        let writer = recover::open(store, &spec.name, number, &directory, survey?)?;
        let partition = Arc::clone(writer.partition());
        // If the writer is gone it has failed, and so will every append.
        let _ = opened.send(writer);
        Ok(partition)
    };
    let partitions = found.map(open).collect::<Result<_, Error>>()?;
    Ok(Topic { spec, partitions })
}

/// Checks the limits of a topic, and its name, which becomes the name of a directory.
fn check_spec(spec: &TopicSpec) -> Result<(), Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let named = !spec.name.is_empty() && spec.name.len() <= 200 && spec.name.bytes().all(plain);
    if !named || spec.name == "LOCK" || spec.name == "journal" {
        return Err(Error::BadConfig(format!(
            "{:?} is not a valid name of a topic",
            spec.name
        )));
    }
    if spec.partitions == 0 || spec.max_record_bytes > MAX_RECORD_BYTES {
        let why = format!(
            "topic {} needs a partition, and records of at most {MAX_RECORD_BYTES} bytes",
            spec.name
        );
        return Err(Error::BadConfig(why));
    }
    Ok(())
}
