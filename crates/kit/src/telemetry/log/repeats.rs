//! Holds back repeated warnings and errors.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::line::Line;

/// The same line is written once in this time; repetitions are counted.
pub(super) const WINDOW: Duration = Duration::from_secs(10);

/// Lines remembered at a time; further ones are written without a check.
const MAX_LINES: usize = 256;

#[derive(Debug)]
struct Seen {
    since: Instant,
    held: u64,
}

/// The warnings and errors of the last [`WINDOW`].
#[derive(Debug, Default)]
pub(super) struct Repeats {
    seen: HashMap<Line, Seen>,
}

impl Repeats {
    /// True if the line must be written, false if it is held back and counted.
    pub fn admit(&mut self, line: &Line, now: Instant) -> bool {
        if let Some(seen) = self.seen.get_mut(line) {
            seen.held += 1;
            return false;
        }
        if self.seen.len() < MAX_LINES {
            self.seen.insert(
                line.clone(),
                Seen {
                    since: now,
                    held: 0,
                },
            );
        }
        true
    }

    /// The lines whose time has passed, with the number of repetitions held back. A line that is still repeated stays held back.
    pub fn expired(&mut self, now: Instant) -> Vec<(Line, u64)> {
        let mut summaries = vec![];
        self.seen.retain(|line, seen| {
            if now.duration_since(seen.since) < WINDOW {
                return true;
            }
            let held = std::mem::replace(
                seen,
                Seen {
                    since: now,
                    held: 0,
                },
            )
            .held;
            if held > 0 {
                summaries.push((line.clone(), held));
            }
            held > 0
        });
        summaries
    }

    /// All lines held back, for the end of the process.
    pub fn drain(&mut self) -> Vec<(Line, u64)> {
        let seen = self.seen.drain();
        seen.filter(|(_, seen)| seen.held > 0)
            .map(|(line, seen)| (line, seen.held))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_line_is_written_once_and_counted() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        let line = Line::for_test("broker is away");
        assert!(repeats.admit(&line, start));
        assert!(!repeats.admit(&line, start) && !repeats.admit(&line, start));
        assert!(repeats.admit(&Line::for_test("other"), start));
        assert!(repeats.expired(start).is_empty());
        assert_eq!(repeats.expired(start + WINDOW), [(line.clone(), 2)]);
        assert!(
            !repeats.admit(&line, start + WINDOW),
            "a flood stays held back"
        );
        assert_eq!(repeats.drain(), [(line.clone(), 1)]);
        assert!(repeats.admit(&line, start + WINDOW));
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let (mut repeats, start) = (Repeats::default(), Instant::now());
        for n in 0..10 * MAX_LINES {
            assert!(repeats.admit(&Line::for_test(&n.to_string()), start));
        }
        assert_eq!(repeats.seen.len(), MAX_LINES);
        repeats.expired(start + WINDOW);
        assert!(repeats.seen.is_empty());
    }
}
