//! Recovery: what a partition's files hold after whatever happened.
//!
//! * A segment that is not the last one was synced as a whole before the next one was made: it must be whole,
//!   and end where the next begins.
//! * In the last one, a bad frame above the synced-end mark is where a write was torn: it is cut there. Below
//!   the mark, or with a good frame of a later group behind it, it is corruption: nothing is changed, and opening fails.
//!   So does a log that ends below its mark.
//! * What is left is synced before anybody sees it, directories too: after a crash of the process it may still be
//!   on its way.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use rayon::prelude::*;

use super::files::{File, Files};
use super::frame::{self, Salt};
use super::mark::Mark;
use super::partition::{Index, Partition, Segment, State, segment_base, segment_path};
use super::scan::{Scan, Step};
use super::writing::Writing;
use crate::Error;

/// Of each partition the last segment is read at start, and whole ones before it until it is this part of a segment; what is
/// older is checked when it is read. So a start takes a tenth of a second, however long the log is.
const CHECKED_PART: u64 = 4;

/// What all partitions of a journal are opened with.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) files: Arc<dyn Files>,
    pub(super) salt: Salt,
    pub(super) segment_bytes: u64,
    /// An imported journal: offsets may have holes, nothing is appended, and nothing was ever torn.
    pub(super) read_only: bool,
}

/// A segment as it was found.
struct Found {
    base: u64,
    path: PathBuf,
    file: Arc<dyn File>,
    length: u64,
}

/// A segment that was read through.
struct Read {
    index: Index,
    /// Offset behind the last good frame.
    next: u64,
    /// Where that ends in the file.
    position: u64,
    last_append_ms: u64,
    /// What is wrong there, if it is not the end of the file.
    bad: Option<Error>,
}

/// Makes the files of a new partition. The caller syncs the directories above.
pub(super) fn create(ground: &Ground, directory: &Path) -> Result<(), Error> {
    let io = |error: io::Error| Error::Io {
        file: directory.to_owned(),
        detail: error.to_string(),
    };
    ground.files.create_dir(directory).map_err(io)?;
    Mark::create(&*ground.files, directory, ground.salt)?;
    let first = ground
        .files
        .open(&segment_path(directory, 0), true)
        .map_err(io)?;
    // An earlier attempt may have been cut off.
    first.truncate(0).and_then(|()| first.sync()).map_err(io)?;
    ground.files.sync_dir(directory).map_err(io)
}

/// A partition as it was found: nothing has been changed yet.
pub(super) struct Look {
    mark: Mark,
    marked: u64,
    full: Vec<Segment>,
    full_bytes: u64,
    last: Found,
    read: Read,
    /// The latest in all segments that were read.
    last_append_ms: u64,
}

/// Looks at partitions, several at once: reading is most of the work of a start.
pub(super) fn look_all(ground: &Ground, directories: &[PathBuf]) -> Vec<Result<Look, Error>> {
    let looks = directories.par_iter();
    looks.map(|directory| look(ground, directory)).collect()
}

fn look(ground: &Ground, directory: &Path) -> Result<Look, Error> {
    let (mark, marked) = Mark::open(&*ground.files, directory, ground.salt)?;
    let mut found = find(ground, directory)?;
    let Some(last) = found.pop() else {
        let detail = "the partition has no segments".into();
        return Err(Error::Corrupt {
            file: directory.to_owned(),
            position: 0,
            detail,
        });
    };
    let read = read_through(ground, &last)?;
    let full_bytes = found.iter().map(|full| full.length).sum();
    let (full, last_append_ms) = index_full(ground, found, &last)?;
    Ok(Look {
        mark,
        marked,
        full,
        full_bytes,
        last_append_ms: last_append_ms.max(read.last_append_ms),
        last,
        read,
    })
}

/// Opens a partition as it was found, and brings it into order.
pub(super) fn open(
    ground: &Ground,
    topic: &str,
    number: u32,
    directory: &Path,
    look: Look,
) -> Result<Partition, Error> {
    let Look {
        mut mark,
        last,
        read,
        ..
    } = look;
    settle(ground, &last, &read, look.marked)?;
    let io = |error: io::Error| Error::Io {
        file: last.path.clone(),
        detail: error.to_string(),
    };
    if !ground.read_only {
        last.file.sync().map_err(io)?;
        ground.files.sync_dir(directory).map_err(io)?;
        mark.set(read.next).and_then(|()| mark.sync()).map_err(io)?;
    }
    let mut segments = look.full;
    segments.push(Segment {
        base: last.base,
        index: read.index,
    });
    let state = State {
        segments,
        end: read.next,
        active: Arc::clone(&last.file),
        active_bytes: read.position,
        full_bytes: look.full_bytes,
        stopped: None,
    };
    let writing = Writing {
        file: last.file,
        position: read.position,
        next: read.next,
        last_append_ms: look.last_append_ms,
        mark,
        refusing: false,
        buffer: Vec::new(),
        placed: Vec::new(),
    };
    Ok(Partition {
        topic: topic.to_owned(),
        number,
        directory: directory.to_owned(),
        files: Arc::clone(&ground.files),
        salt: ground.salt,
        segment_bytes: ground.segment_bytes,
        holes: ground.read_only,
        state: Mutex::new(state),
        grown: Condvar::new(),
        writing: Mutex::new(writing),
    })
}

/// The full segments, the newest of them checked up to where the last one begins, with the latest append time in those.
fn index_full(
    ground: &Ground,
    full: Vec<Found>,
    last: &Found,
) -> Result<(Vec<Segment>, u64), Error> {
    let mut segments = Vec::with_capacity(full.len());
    let (mut checked_bytes, mut last_append_ms) = (last.length, 0);
    let mut end = last.base;
    for full in full.into_iter().rev() {
        let mut index = Index::default();
        if checked_bytes < ground.segment_bytes / CHECKED_PART {
            let read = read_through(ground, &full)?;
            check_full(&full, &read, end)?;
            last_append_ms = last_append_ms.max(read.last_append_ms);
            index = read.index;
        }
        checked_bytes += full.length;
        end = full.base;
        segments.push(Segment {
            base: full.base,
            index,
        });
    }
    segments.reverse();
    Ok((segments, last_append_ms))
}

/// The segments in a directory, in order.
fn find(ground: &Ground, directory: &Path) -> Result<Vec<Found>, Error> {
    let io = |file: &Path, error: io::Error| Error::Io {
        file: file.to_owned(),
        detail: error.to_string(),
    };
    let names = ground
        .files
        .list(directory)
        .map_err(|error| io(directory, error))?;
    let mut bases: Vec<u64> = names.iter().filter_map(|name| segment_base(name)).collect();
    bases.sort_unstable();
    let open = |base: u64| {
        let path = segment_path(directory, base);
        let file = ground
            .files
            .open(&path, false)
            .map_err(|error| io(&path, error))?;
        let length = file.length().map_err(|error| io(&path, error))?;
        Ok(Found {
            base,
            path,
            file,
            length,
        })
    };
    bases.into_iter().map(open).collect()
}

/// Reads a segment up to its end, or to the first frame that is not as it should be.
fn read_through(ground: &Ground, segment: &Found) -> Result<Read, Error> {
    let mut scan = Scan::new(
        Arc::clone(&segment.file),
        &segment.path,
        ground.salt,
        0,
        segment.length,
    );
    let mut read = Read {
        index: Index::default(),
        next: segment.base,
        position: 0,
        last_append_ms: 0,
        bad: None,
    };
    loop {
        let bad = match scan.peek()? {
            Step::End => return Ok(read),
            Step::Frame(frame) if follows(frame.offset, read.next, ground.read_only) => {
                let length = frame.length();
                read.index.note(frame.offset, read.position);
                read.last_append_ms = frame.append_ms;
                read.next = frame.offset + 1;
                scan.pass(length);
                read.position = scan.position();
                continue;
            }
            Step::Frame(frame) => format!(
                "the record {} stands where {} should",
                frame.offset, read.next
            ),
            Step::Bad(why) => why,
        };
        read.bad = Some(scan.corrupt(format!("{bad} (offset {})", read.next)));
        return Ok(read);
    }
}

/// Whether a record with this offset may come next.
pub(super) fn follows(offset: u64, next: u64, holes: bool) -> bool {
    offset == next || holes && (next..u64::MAX).contains(&offset)
}

/// A full segment must be whole and end where the next one begins.
fn check_full(segment: &Found, read: &Read, end: u64) -> Result<(), Error> {
    if let Some(bad) = &read.bad {
        return Err(bad.clone());
    }
    if read.next == end {
        return Ok(());
    }
    let detail = format!(
        "the segment ends at offset {}, and the next one begins at {end}",
        read.next
    );
    Err(Error::Corrupt {
        file: segment.path.clone(),
        position: read.position,
        detail,
    })
}

/// Cuts a torn tail off the last segment, or says why it is none.
fn settle(ground: &Ground, segment: &Found, read: &Read, marked: u64) -> Result<(), Error> {
    if read.next < marked {
        let short = || Error::Corrupt {
            file: segment.path.clone(),
            position: read.position,
            detail: format!(
                "the log ends at offset {}, but everything below {marked} had been synced",
                read.next
            ),
        };
        return Err(read.bad.clone().unwrap_or_else(short));
    }
    let Some(bad) = &read.bad else { return Ok(()) };
    if ground.read_only || later_group_behind(ground, segment, read)? {
        return Err(bad.clone());
    }
    let io = |error: io::Error| Error::Io {
        file: segment.path.clone(),
        detail: error.to_string(),
    };
    segment.file.truncate(read.position).map_err(io)?;
    tracing::warn!(
        file = %segment.path.display(),
        bytes = segment.length - read.position,
        offset = read.next,
        "a torn write was cut off; nothing in it had been acknowledged"
    );
    Ok(())
}

/// Whether a good frame behind the bad one was written after the bad one had been synced.
fn later_group_behind(ground: &Ground, segment: &Found, read: &Read) -> Result<bool, Error> {
    let mut scan = Scan::new(
        Arc::clone(&segment.file),
        &segment.path,
        ground.salt,
        read.position,
        segment.length,
    );
    let rest = scan.rest()?;
    // An offset cannot be further ahead than there is room for records.
    let highest = read.next + (rest.len() / frame::SMALLEST) as u64;
    let last = (rest.len() + 1).saturating_sub(frame::SMALLEST);
    Ok((0..last).any(|at| {
        let bytes = &rest[at..];
        let offset = frame::claimed_offset(bytes);
        offset > read.next
            && offset <= highest
            && frame::parse(ground.salt, bytes).is_ok_and(|frame| frame.group > read.next)
    }))
}
