//! Files: errors with advice, and atomic replacement.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::exit::{Exit, Failure, Outcome};

/// Replaces the file durably and atomically: even after a power cut, readers find the old or the new one.
pub fn replace(file: &Path, bytes: &[u8]) -> Outcome {
    written(file, bytes).map_err(|error| unwritable(file, &error, ""))
}

/// The failure for a file that cannot be written, with optional advice.
pub fn unwritable(file: &Path, error: &io::Error, advice: &str) -> Failure {
    let problem = format!("cannot write {}: {error}{advice}", file.display());
    Failure::new(Exit::Other, problem)
}

/// The failure for a file that cannot be read.
pub fn unreadable(file: &Path, error: &io::Error) -> Failure {
    let problem = format!("cannot read {}: {error}", file.display());
    Failure::new(Exit::Usage, problem)
}

fn written(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // Replaces the target of a link, not the link.
    let file = &fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let name = file
        .file_name()
        .ok_or_else(|| io::Error::other("it has no name"))?;
    // Something other than a file, such as /dev/stdout, cannot be replaced.
    if fs::metadata(file).is_ok_and(|found| !found.is_file()) {
        return fs::write(file, bytes);
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut draft = name.to_owned();
    draft.push(".new");
    let draft = folder.join(draft);
    let outcome = draft_of(&draft, bytes).and_then(|()| fs::rename(&draft, file));
    if outcome.is_err() {
        // The failure is reported; a remaining draft is removed by the next run.
        let _ = fs::remove_file(&draft);
        return outcome;
    }
    File::open(folder)?.sync_all()
}

fn draft_of(draft: &Path, bytes: &[u8]) -> io::Result<()> {
    // Removes the draft of an earlier run; a link in its place is never followed.
    let _ = fs::remove_file(draft);
    let mut file = File::create_new(draft)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_file_stays_when_the_new_one_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tip.json");
        replace(&file, b"old").expect("it is written");
        // In the place of the draft lies what no file can be written over.
        fs::create_dir(folder.path().join("tip.json.new")).expect("a folder");
        replace(&file, b"new").expect_err("there is no place for the draft");
        assert_eq!(fs::read(&file).expect("it is there"), b"old");
        fs::remove_dir(folder.path().join("tip.json.new")).expect("it is empty");
        replace(&file, b"new").expect("it is written");
        assert_eq!(fs::read(&file).expect("it is there"), b"new");
        let left = fs::read_dir(folder.path()).expect("it is there").count();
        assert_eq!(left, 1, "no draft is left");
    }
}
