//! Recovery of the files of a partition.
//!
//! * Every segment but the last was synced as a whole before the next one was created: it must be whole, and end where the next
//!   begins.
//! * In the last one, a bad frame above the synced-end mark is a torn write: the segment is truncated there. Below the mark, or
//!   with a good frame of a later group after it, a bad frame is corruption: nothing is changed, and opening fails. It also
//!   fails for a partition that ends below its mark.
//! * The rest is synced before any reader sees it, directories included: after a crash of the process it may still be in the
//!   system's cache.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::files::File;
use super::frame;
use super::mark::Mark;
use super::partition::{Index, Partition, Segment, State, segment_base, segment_path};
use super::scan::{Scan, Step};
use super::store::Store;
use super::writer::{PartitionWriter, Written};
use crate::error::Error;

/// On open, the last segment is verified and as many full ones before it as make up this fraction of a segment; older ones are
/// verified when a reader reaches them. So a start takes a tenth of a second, however long the partition is.
const CHECKED_PART: u64 = 4;

/// A segment as found.
struct SegmentFile {
    base: u64,
    file: File,
    length: u64,
}

/// The result of reading a segment through.
struct Read {
    index: Index,
    /// Offset after the last good frame.
    next: u64,
    /// Position of its end in the file.
    position: u64,
    last_append_ms: u64,
    /// The fault at that position, if it is not the end of the file.
    bad: Option<Error>,
}

/// Creates the files of a new partition. The caller syncs the directories above.
pub(super) fn create(store: &Store, directory: &Path) -> Result<(), Error> {
    store.files.create_dir(directory)?;
    Mark::create(&store.files, directory, store.salt)?;
    let first = store.files.create(&segment_path(directory, 0))?;
    // An earlier attempt may have been interrupted.
    first.truncate(0)?;
    first.sync()?;
    Ok(store.files.sync_dir(directory)?)
}

/// A partition as found: nothing has been changed yet.
pub(super) struct Survey {
    mark: Mark,
    marked: u64,
    full: Vec<Segment>,
    full_bytes: u64,
    last: SegmentFile,
    read: Read,
    /// The latest append time in all segments that were read.
    last_append_ms: u64,
}

/// Surveys partitions in parallel: reading is most of the work of a start.
pub(super) fn survey_all(store: &Store, directories: &[PathBuf]) -> Vec<Result<Survey, Error>> {
    let directories = directories.par_iter();
    directories.map(|it| survey(store, it)).collect()
}

fn survey(store: &Store, directory: &Path) -> Result<Survey, Error> {
    let (mark, marked) = Mark::open(&store.files, directory, store.salt)?;
    let mut found = segment_files(store, directory)?;
    let Some(last) = found.pop() else {
        return Err(Error::corrupt(
            directory,
            0,
            "the partition has no segments",
        ));
    };
    let read = read_through(store, &last)?;
    let full_bytes = found.iter().map(|full| full.length).sum();
    let (full, last_append_ms) = index_full(store, found, &last)?;
    Ok(Survey {
        mark,
        marked,
        full,
        full_bytes,
        last_append_ms: last_append_ms.max(read.last_append_ms),
        last,
        read,
    })
}

/// Opens a surveyed partition, and repairs a torn tail.
pub(super) fn open(
    store: &Store,
    topic: &str,
    number: u32,
    directory: &Path,
    survey: Survey,
) -> Result<PartitionWriter, Error> {
    let Survey {
        mut mark,
        last,
        read,
        ..
    } = survey;
    cut_torn_tail(store, &last, &read, survey.marked)?;
    if !store.read_only {
        last.file.sync()?;
        store.files.sync_dir(directory)?;
        mark.set(read.next)?;
        mark.sync()?;
    }
    let mut segments = survey.full;
    segments.push(Segment {
        base: last.base,
        index: read.index,
    });
    let state = State {
        segments,
        end: read.next,
        active: last.file.clone(),
        active_bytes: read.position,
        full_bytes: survey.full_bytes,
        stopped: None,
    };
    let end = Written {
        position: read.position,
        next: read.next,
        last_append_ms: survey.last_append_ms,
    };
    let partition = Partition::new(store, topic, number, directory, state);
    Ok(PartitionWriter::new(partition, mark, last.file, end))
}

/// Indexes the full segments and verifies the newest ones; also returns the latest append time in those.
fn index_full(
    store: &Store,
    full: Vec<SegmentFile>,
    last: &SegmentFile,
) -> Result<(Vec<Segment>, u64), Error> {
    let mut segments = Vec::with_capacity(full.len());
    let (mut checked_bytes, mut last_append_ms) = (last.length, 0);
    let mut end = last.base;
    for full in full.into_iter().rev() {
        let mut index = Index::default();
        if checked_bytes < store.segment_bytes / CHECKED_PART {
            let read = read_through(store, &full)?;
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
fn segment_files(store: &Store, directory: &Path) -> Result<Vec<SegmentFile>, Error> {
    let names = store.files.list(directory)?;
    let mut bases: Vec<u64> = names.iter().filter_map(|name| segment_base(name)).collect();
    bases.sort_unstable();
    let open = |base: u64| {
        let file = store.files.open(&segment_path(directory, base))?;
        let length = file.length()?;
        Ok(SegmentFile { base, file, length })
    };
    bases.into_iter().map(open).collect()
}

/// Reads a segment up to its end, or to the first bad frame.
fn read_through(store: &Store, segment: &SegmentFile) -> Result<Read, Error> {
    let mut scan = Scan::new(&segment.file, store.salt, 0, segment.length);
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
            Step::Frame(frame) if follows(frame.offset, read.next, store.read_only) => {
                let length = frame.length();
                read.index.note(frame.offset, read.position);
                read.last_append_ms = frame.append_ms;
                read.next = frame.offset + 1;
                scan.skip(length);
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

/// True if a record with this offset may come next.
pub(super) fn follows(offset: u64, next: u64, holes: bool) -> bool {
    offset == next || holes && (next..u64::MAX).contains(&offset)
}

/// Checks that a full segment is whole and ends where the next one begins.
fn check_full(segment: &SegmentFile, read: &Read, end: u64) -> Result<(), Error> {
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
    Err(Error::corrupt(segment.file.path(), read.position, detail))
}

/// Truncates a torn tail of the last segment; an error if it is corruption instead.
fn cut_torn_tail(
    store: &Store,
    segment: &SegmentFile,
    read: &Read,
    marked: u64,
) -> Result<(), Error> {
    let path = segment.file.path();
    if read.next < marked {
        let short = || {
            let detail = format!(
                "the partition ends at offset {}, but everything below {marked} had been synced",
                read.next
            );
            Error::corrupt(path, read.position, detail)
        };
        return Err(read.bad.clone().unwrap_or_else(short));
    }
    let Some(bad) = &read.bad else { return Ok(()) };
    if store.read_only || later_group_behind(store, segment, read)? {
        return Err(bad.clone());
    }
    segment.file.truncate(read.position)?;
    tracing::warn!(
        file = %path.display(),
        bytes = segment.length - read.position,
        offset = read.next,
        "a torn write was truncated; nothing in it had been acknowledged"
    );
    Ok(())
}

/// True if a good frame after the bad one was written once the bad one had been synced.
fn later_group_behind(store: &Store, segment: &SegmentFile, read: &Read) -> Result<bool, Error> {
    let mut scan = Scan::new(&segment.file, store.salt, read.position, segment.length);
    let rest = scan.rest()?;
    // The remaining bytes bound the number of records, and so the offset.
    let highest = read.next + (rest.len() / frame::SMALLEST) as u64;
    let last = (rest.len() + 1).saturating_sub(frame::SMALLEST);
    Ok((0..last).any(|at| {
        let bytes = &rest[at..];
        let offset = frame::claimed_offset(bytes);
        offset > read.next
            && offset <= highest
            && frame::parse(store.salt, bytes).is_ok_and(|frame| frame.group > read.next)
    }))
}
