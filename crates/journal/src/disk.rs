//! The disk provider: append-only segment files, made for one machine without a broker.
//!
//! ```text
//! PATH/
//!   LOCK                            locked while a process has the journal open; holds its pid
//!   journal                         format and salt
//!   transactions/
//!     topic                         partitions and largest record; written last: a topic without it was never made
//!     0/
//!       synced                      the synced-end mark
//!       00000000000000000000.log    frames of the records from offset 0 on
//!       00000000000000412345.log    … and from offset 412345 on
//!     1/ …
//! ```
//!
//! One thread per journal takes all appends that wait, of all partitions, writes them, syncs, and only then shows them to
//! readers and tells the appenders. The bytes are in `disk/frame.rs`, the mark in `disk/mark.rs`, what
//! happens after a crash in `disk/recover.rs`, failing disks in `disk/writing.rs`, read-only journals in `disk/import.rs`.

#[cfg(feature = "testing")]
mod faulty;
mod figures;
mod files;
mod frame;
mod import;
mod mark;
mod meta;
mod partition;
mod reader;
mod recover;
mod scan;
mod topics;
mod writing;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::Meter;
use parking_lot::Mutex;

#[cfg(feature = "testing")]
pub use self::faulty::FaultyDisk;
use self::figures::Figures;
use self::files::{Files, Guard, Real};
use self::frame::Salt;
pub use self::import::Import;
use self::partition::Partition;
pub(crate) use self::reader::Reader;
use self::recover::{Ground, Look};
use self::topics::{Topic, Topics};
use self::writing::Writer;
use crate::Error;
use crate::append::{AppendError, Entry, Outlet, Sink};
use crate::queue::{Pending, Queue};
use crate::record::Offsets;
use crate::topic::{Creation, Description, Fault, TopicSpec};

/// Version of everything in the directory.
const FORMAT: u64 = 1;
/// The same, imported: offsets may have holes, and nothing is appended. A number of its own, so that no program that
/// does not know of it appends.
const IMPORTED_FORMAT: u64 = 2;
/// Bytes after which a new segment begins: few enough to read through at every start.
const SEGMENT_BYTES: u64 = 64 << 20;
/// Largest `max_record_bytes`: frames have lengths of 32 bits, and are held in memory.
const MAX_RECORD_BYTES: u32 = 1 << 30;

/// A journal on disk.
#[derive(Clone)]
pub(crate) struct Disk {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    ground: Ground,
    topics: Arc<Topics>,
    figures: Arc<Figures>,
    /// Held while a topic is made.
    creating: Mutex<()>,
    // The queue goes first when the journal closes, the lock last.
    queue: Queue<Arc<Partition>>,
    _lock: Guard,
}

impl Disk {
    pub(crate) fn open(root: &Path) -> Result<Disk, Error> {
        Disk::open_on(Arc::new(Real), root, SEGMENT_BYTES)
    }

    fn open_on(files: Arc<dyn Files>, root: &Path, segment_bytes: u64) -> Result<Disk, Error> {
        let lock = lock(&*files, root)?;
        let (salt, read_only) = establish(&*files, root)?;
        let ground = Ground {
            files,
            salt,
            segment_bytes,
            read_only,
        };
        let topics = Arc::new(Topics(Mutex::new(open_topics(&ground, root)?)));
        let figures = Arc::new(Figures::default());
        let mut writer = Writer::new(salt, Arc::clone(&topics), Arc::clone(&figures));
        let queue = Queue::start("journal-disk", move |group| writer.commit(group))?;
        let inner = Inner {
            root: root.to_owned(),
            ground,
            topics,
            figures,
            creating: Mutex::new(()),
            queue,
            _lock: lock,
        };
        Ok(Disk {
            inner: Arc::new(inner),
        })
    }

    pub(crate) fn expect_writable(&self) -> Result<(), Error> {
        if self.inner.ground.read_only {
            return Err(Error::ReadOnly {
                path: self.inner.root.clone(),
            });
        }
        Ok(())
    }

    pub(crate) fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        let inner = &*self.inner;
        check_spec(spec)?;
        let _creating = inner.creating.lock();
        if inner.topics.0.lock().contains_key(&spec.name) {
            return Ok(Creation::Existed);
        }
        self.expect_writable()?;
        let directory = inner.root.join(&spec.name);
        let io = |error: io::Error| Error::Io {
            file: directory.clone(),
            detail: error.to_string(),
        };
        let partitions: Vec<_> = partitions(spec, &directory).collect();
        for partition in &partitions {
            recover::create(&inner.ground, partition)?;
        }
        inner.ground.files.sync_dir(&inner.root).map_err(io)?;
        inner.ground.files.sync_dir(&directory).map_err(io)?;
        let said = [
            ("partitions", spec.partitions.to_string()),
            ("max_record_bytes", spec.max_record_bytes.to_string()),
        ];
        meta::write(&*inner.ground.files, &directory.join("topic"), &said)?;
        let mut looks = recover::look_all(&inner.ground, &partitions).into_iter();
        let topic = open_topic(&inner.ground, spec.clone(), &directory, &mut looks)?;
        inner
            .topics
            .0
            .lock()
            .insert(spec.name.clone(), Arc::new(topic));
        Ok(Creation::Created)
    }

    pub(crate) fn observe(&self, meter: &Meter) {
        self.inner.figures.observe(meter, &self.inner.topics);
    }

    pub(crate) fn describe(&self, topic: &str, expected: &TopicSpec) -> Option<Description> {
        let topic = self.inner.topics.get(topic).ok()?;
        let start_offsets: Vec<u64> = topic
            .partitions
            .iter()
            .map(|partition| partition.offsets().start)
            .collect();
        let mut faults = Fault::of_spec(expected, &topic.spec);
        faults.extend(Fault::of_starts(&start_offsets));
        Some(Description {
            partitions: topic.spec.partitions,
            replicas: 1,
            start_offsets,
            faults,
        })
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        Ok(self.inner.topics.partition(topic, partition)?.offsets())
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        self.expect_writable()?;
        let topic = self.inner.topics.get(topic)?;
        Ok(Appender {
            disk: self.clone(),
            topic,
            outlet: Outlet::new(sink),
        })
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        let partition = self.inner.topics.partition(topic, partition)?;
        Ok(Reader::new(self.clone(), partition, from))
    }
}

/// Appends to one topic.
pub(crate) struct Appender {
    disk: Disk,
    topic: Arc<Topic>,
    outlet: Arc<Outlet>,
}

#[allow(
    clippy::result_large_err,
    reason = "the entry comes back, so that a full queue costs no copy"
)]
impl Appender {
    pub(crate) fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        if let Err(refusal) = self.topic.spec.admits(&entry) {
            return Err((entry, refusal));
        }
        let target = Arc::clone(&self.topic.partitions[entry.partition as usize]);
        self.disk.inner.queue.push(Pending {
            target,
            entry,
            token,
            outlet: Arc::clone(&self.outlet),
        })
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        self.outlet.flush(timeout)
    }
}

/// Reads or makes the file that says that this is a journal; returns its salt, and whether it is read-only.
fn establish(files: &dyn Files, root: &Path) -> Result<(Salt, bool), Error> {
    let path = root.join("journal");
    if let Some(said) = meta::read(files, &path)? {
        let format = meta::number(&said, "format", &path)?;
        if ![FORMAT, IMPORTED_FORMAT].contains(&format) {
            let why = format!(
                "{} has format {format}, this program knows {FORMAT} and {IMPORTED_FORMAT}",
                root.display()
            );
            return Err(Error::BadConfig(why));
        }
        let salt = Salt::new(meta::number(&said, "salt", &path)?);
        return Ok((salt, format == IMPORTED_FORMAT));
    }
    let io = |error: io::Error| Error::Io {
        file: root.to_owned(),
        detail: error.to_string(),
    };
    let foreign = files.list(root).map_err(io)?;
    if let Some(name) = foreign
        .iter()
        .find(|name| *name != "LOCK" && *name != "journal.new")
    {
        let why = format!(
            "{} is no journal, and not empty ({name}); name an empty directory",
            root.display()
        );
        return Err(Error::BadConfig(why));
    }
    let salt = rand::random();
    say(files, root, FORMAT, salt)?;
    Ok((Salt::new(salt), false))
}

/// Writes the file that says that this is a journal.
fn say(files: &dyn Files, root: &Path, format: u64, salt: u64) -> Result<(), Error> {
    let said = [("format", format.to_string()), ("salt", salt.to_string())];
    meta::write(files, &root.join("journal"), &said)?;
    match root.parent().filter(|above| !above.as_os_str().is_empty()) {
        Some(above) => files.sync_dir(above).map_err(|error| Error::Io {
            file: root.to_owned(),
            detail: error.to_string(),
        }),
        None => Ok(()),
    }
}

/// Takes the lock on a directory, making it if it is not there.
fn lock(files: &dyn Files, root: &Path) -> Result<Guard, Error> {
    let io = |file: &Path, error: io::Error| Error::Io {
        file: file.to_owned(),
        detail: error.to_string(),
    };
    files.create_dir(root).map_err(|error| io(root, error))?;
    let path = root.join("LOCK");
    let holder = format!("process {}", std::process::id());
    let locked = files
        .lock(&path, &holder)
        .map_err(|error| io(&path, error))?;
    locked.map_err(|holder| Error::Locked {
        path: root.to_owned(),
        holder: if holder.is_empty() {
            "another process".into()
        } else {
            holder
        },
    })
}

fn open_topics(
    ground: &Ground,
    root: &Path,
) -> Result<std::collections::BTreeMap<String, Arc<Topic>>, Error> {
    let io = |error: io::Error| Error::Io {
        file: root.to_owned(),
        detail: error.to_string(),
    };
    ground.files.sync_dir(root).map_err(io)?;
    let mut specs = Vec::new();
    for name in ground.files.list(root).map_err(io)? {
        let directory = root.join(&name);
        let path = directory.join("topic");
        if ["LOCK", "journal", "journal.new"].contains(&name.as_str()) {
            continue;
        }
        let Some(said) = meta::read(&*ground.files, &path)? else {
            continue;
        };
        let small = |name| {
            u32::try_from(meta::number(&said, name, &path)?).map_err(|_| Error::Corrupt {
                file: path.clone(),
                position: 0,
                detail: format!("its {name} is too large"),
            })
        };
        let spec = TopicSpec {
            name: name.clone(),
            partitions: small("partitions")?,
            max_record_bytes: small("max_record_bytes")?,
        };
        specs.push((spec, directory));
    }
    let directories = specs
        .iter()
        .flat_map(|(spec, directory)| partitions(spec, directory));
    let mut looks = recover::look_all(ground, &directories.collect::<Vec<_>>()).into_iter();
    let mut topics = std::collections::BTreeMap::new();
    for (spec, directory) in specs {
        let name = spec.name.clone();
        topics.insert(
            name,
            Arc::new(open_topic(ground, spec, &directory, &mut looks)?),
        );
    }
    Ok(topics)
}

/// The directories of a topic's partitions, in order.
fn partitions(spec: &TopicSpec, directory: &Path) -> impl Iterator<Item = PathBuf> {
    (0..spec.partitions).map(|number| directory.join(number.to_string()))
}

fn open_topic(
    ground: &Ground,
    spec: TopicSpec,
    directory: &Path,
    looks: &mut impl Iterator<Item = Result<Look, Error>>,
) -> Result<Topic, Error> {
    let io = |error: io::Error| Error::Io {
        file: directory.to_owned(),
        detail: error.to_string(),
    };
    ground.files.sync_dir(directory).map_err(io)?;
    let found = (0..).zip(partitions(&spec, directory)).zip(looks);
    let open = |((number, directory), look): ((u32, PathBuf), Result<Look, Error>)| {
        recover::open(ground, &spec.name, number, &directory, look?).map(Arc::new)
    };
    let partitions = found.map(open).collect::<Result<_, _>>()?;
    Ok(Topic { spec, partitions })
}

/// A topic's name becomes the name of a directory.
fn check_spec(spec: &TopicSpec) -> Result<(), Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let named = !spec.name.is_empty() && spec.name.len() <= 200 && spec.name.bytes().all(plain);
    if !named || spec.name == "LOCK" || spec.name == "journal" {
        return Err(Error::BadConfig(format!(
            "{:?} is no name for a topic",
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
