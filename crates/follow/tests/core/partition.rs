//! A partition of `transactions` that is followed: its reader, the looks at it, and when a loss is believed.

use bytes::Bytes;
use follow::partition::{Answer, Core, Finding, Loss, Mark, Question};
use journal::{Error, Inspection, Offsets, Record};

/// Between two looks.
const EVERY_MS: u64 = 5_000;

fn mark(offset: u64) -> Mark {
    Mark::of(&record(offset))
}

fn record(offset: u64) -> Record {
    Record {
        offset,
        append_ms: 1_000 + offset,
        key: None,
        value: Bytes::from(offset.to_string()),
        headers: Vec::new(),
    }
}

fn seen(start: u64, end: u64, holds: bool) -> Answer {
    let offsets = Offsets { start, end };
    Answer { offsets, holds }
}

fn out_of_range(offset: u64, start: u64, end: u64) -> Error {
    Error::OutOfRange {
        topic: "transactions".into(),
        partition: 3,
        offset,
        start,
        end,
    }
}

/// A partition whose reader has read up to offset 9 at this time.
fn reading(now_ms: u64) -> Core {
    let mut core = Core::new("transactions".into(), 3, now_ms, EVERY_MS);
    core.start(1);
    core.read(now_ms, Some(mark(9)));
    core
}

fn ask(core: &mut Core, now_ms: u64, cursor: u64) -> Question {
    core.look(now_ms, cursor, 10).expect("a look is due")
}

fn look(core: &mut Core, now_ms: u64, cursor: u64, seen: &Answer) -> Finding {
    let question = ask(core, now_ms, cursor);
    core.looked(now_ms, cursor, &question, Some(seen), false)
}

#[test]
fn a_loss_is_believed_after_several_looks_over_some_time() {
    let mut core = reading(0);
    let cut = seen(7, 10, true);
    assert_eq!(look(&mut core, 0, 5, &cut), Finding::Suspect);
    assert!(!core.is_whole());
    assert_eq!(look(&mut core, 1_000, 5, &cut), Finding::Suspect);
    assert_eq!(look(&mut core, 2_000, 5, &cut), Finding::Suspect);
    let loss = Loss::Start {
        topic: "transactions".into(),
        partition: 3,
        cursor: 5,
        start: 7,
    };
    assert_eq!(look(&mut core, 3_000, 5, &cut), Finding::Lost(loss));
}

#[test]
fn a_deleted_topic_is_read_again_until_it_is_back() {
    let mut core = reading(0);
    let gone = || Error::NoTopic("transactions".into());
    let Ok(Finding::Cut(loss)) = core.lost(0, 5, gone()) else {
        panic!("records were read that are gone");
    };
    assert!(
        matches!(
            loss,
            Loss::Cut {
                last: 9,
                cursor: 5,
                end: 0,
                ..
            }
        ),
        "{loss:?}"
    );
    for (generation, at_ms) in [(2, 1_000), (3, 2_000)] {
        assert!(!core.is_restart_due(at_ms - 1));
        assert!(core.is_restart_due(at_ms));
        core.start(generation);
        assert_eq!(core.lost(at_ms, 5, gone()), Ok(Finding::Unknown));
        assert_eq!(core.trouble(), Some(&gone().to_string()));
    }
    assert_eq!(
        look(&mut core, 2_000, 5, &seen(0, 0, true)),
        Finding::Suspect
    );
    assert!(matches!(
        look(&mut core, 5_000, 5, &seen(0, 0, true)),
        Finding::Lost(Loss::End { end: 0, .. })
    ));
}

#[test]
fn one_look_is_not_enough_however_long_ago_and_a_good_one_ends_the_suspicion() {
    let mut core = reading(0);
    let short = seen(0, 4, true);
    assert_eq!(look(&mut core, 0, 5, &short), Finding::Suspect);
    assert_eq!(
        look(&mut core, 2_000, 5, &seen(0, 10, true)),
        Finding::Whole
    );
    assert!(core.is_whole());
    assert_eq!(look(&mut core, 9_000, 5, &short), Finding::Suspect);
    // The cursor of the chain has come to what begins above the one of before.
    assert_eq!(
        look(&mut core, 13_000, 7, &seen(7, 10, true)),
        Finding::Whole
    );
}

#[test]
fn what_was_read_and_is_gone_is_cut_and_read_again() {
    let loss = Loss::Cut {
        topic: "transactions".into(),
        partition: 3,
        last: 9,
        cursor: 5,
        end: 12,
    };
    let by_look = |core: &mut Core| look(core, 1_000, 5, &seen(0, 12, false));
    let by_reader = |core: &mut Core| {
        let changed = Error::Changed {
            topic: "transactions".into(),
            partition: 3,
            offset: 9,
            start: 0,
            end: 12,
        };
        core.lost(1_000, 5, changed).expect("it is read again")
    };
    let at_the_end = |core: &mut Core| {
        let error = out_of_range(13, 0, 12);
        core.lost(1_000, 5, error).expect("it is read again")
    };
    let ways: [&dyn Fn(&mut Core) -> Finding; 3] = [&by_look, &by_reader, &at_the_end];
    for way in ways {
        let mut core = reading(0);
        assert_eq!(way(&mut core), Finding::Cut(loss.clone()));
        assert!(!core.is_current(1), "the old reader counts no more");
        assert!(!core.is_held(1_000, 1_000));
        assert!(core.trouble().is_some());
        assert!(!core.is_restart_due(1_999) && core.is_restart_due(2_000));
        core.start(2);
        assert!(core.is_current(2) && !core.is_restart_due(9_999));
    }
    for word in [
        "transactions/3",
        "below offset 10",
        "offset 9 is gone",
        "below 5",
        "ends at 12",
    ] {
        assert!(loss.to_string().contains(word), "{word}: {loss}");
    }
}

#[test]
fn a_reader_outside_the_partition_is_started_again_and_a_look_decides() {
    for error in [out_of_range(5, 7, 10), out_of_range(5, 0, 4)] {
        let mut core = Core::new("transactions".into(), 3, 0, EVERY_MS);
        core.start(1);
        look(&mut core, 0, 5, &seen(0, 10, true));
        assert_eq!(core.lost(1_000, 5, error), Ok(Finding::Unknown));
        assert_eq!(core.due_ms(), Some(1_000), "it is looked at");
        assert!(core.is_restart_due(2_000));
    }
    let denied = Error::Denied("no".into());
    assert_eq!(reading(0).lost(0, 5, denied.clone()), Err(denied));
}

#[test]
fn what_was_read_is_held_when_it_was_read_and_when_it_was_compared() {
    let mut core = reading(500);
    assert!(core.is_held(1_500, 1_000) && !core.is_held(1_501, 1_000));
    let question = ask(&mut core, 2_000, 5);
    core.looked(2_900, 5, &question, Some(&seen(0, 10, true)), false);
    // It was true when it was asked.
    assert!(core.is_held(3_000, 1_000) && !core.is_held(3_001, 1_000));
    core.unavailable(&Error::Unavailable("no broker".into()));
    assert!(!core.is_held(3_000, 1_000));
    let clock_begins = Core::new("transactions".into(), 3, 0, EVERY_MS);
    assert!(clock_begins.is_held(0, 0), "nothing was read");
    let mut core = Core::new("transactions".into(), 3, 0, EVERY_MS);
    core.start(1);
    assert!(!core.is_held(0, 1_000), "nothing was compared yet");
}

#[test]
fn an_answer_says_nothing_of_a_later_reader() {
    let mut core = reading(0);
    let question = ask(&mut core, 1_000, 5);
    core.start(2);
    let gone = seen(0, 12, false);
    let finding = core.looked(1_500, 5, &question, Some(&gone), false);
    assert_eq!(finding, Finding::Whole);
    assert!(core.is_current(2) && !core.is_held(1_500, 1_000));
}

#[test]
fn looks_wait_for_their_answer_and_for_their_pause() {
    let mut core = reading(0);
    let question = ask(&mut core, 0, 5);
    core.look_at_once(100);
    core.look_by(100, 0);
    assert_eq!(core.look(10_000, 5, 10), None, "an answer is awaited");
    core.looked(200, 5, &question, None, false);
    assert_eq!(core.due_ms(), Some(200 + EVERY_MS));
    core.look_by(300, 1_000);
    assert_eq!(
        core.due_ms(),
        Some(1_000),
        "not within a second of the last"
    );
    core.look_at_once(400);
    let question = ask(&mut core, 400, 5);
    core.looked(500, 5, &question, None, true);
    assert_eq!(core.due_ms(), Some(1_500), "somebody waits for the next");
}

#[test]
fn a_mark_tells_its_record_from_others() {
    let look = |start: u64, record: Option<Record>| Inspection {
        offsets: Offsets { start, end: 20 },
        record,
    };
    assert!(mark(9).is_held(&look(0, Some(record(9)))));
    assert!(mark(9).is_held(&look(10, None)), "deleted since");
    assert!(!mark(9).is_held(&look(0, None)));
    let appended_again = Record {
        append_ms: 5_000,
        ..record(9)
    };
    assert!(!mark(9).is_held(&look(0, Some(appended_again))));
    let other = Record {
        value: Bytes::from_static(b"other"),
        ..record(9)
    };
    assert!(!mark(9).is_held(&look(0, Some(other))));
}
