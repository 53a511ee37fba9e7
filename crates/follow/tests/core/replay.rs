//! A log replayed offline.

use chain::Hash;
use chain::testing::{Grower, NOW_MS};
use follow::replay::replay;
use follow::{Event, Fatal, Settings};
use journal::{Error, Record};

use crate::stand::settings;

fn listed(log: &[bytes::Bytes]) -> impl Iterator<Item = Result<Record, Error>> {
    let records: Vec<_> = (0..)
        .zip(log)
        .map(|(offset, value)| {
            Ok(Record {
                offset,
                append_ms: NOW_MS,
                key: None,
                value: value.clone(),
                headers: Vec::new(),
            })
        })
        .collect();
    records.into_iter()
}

#[test]
fn a_log_is_replayed_to_its_end_with_everything_told() {
    let (forge, mut log) = Grower::grown("offline", 300, 2);
    log.insert(100, b"junk".as_slice().into());
    let (mut accepted, mut refused, mut caught_up) = (0, 0, 0);
    let core = replay(
        settings(),
        || Ok(listed(&log)),
        |_, event| match event {
            Event::Accepted { .. } => accepted += 1,
            Event::Refused(_) => refused += 1,
            Event::CaughtUp(lag) => caught_up += lag.next_offset,
            other => panic!("{other:?}"),
        },
    )
    .unwrap();
    assert_eq!((accepted, refused, caught_up), (301, 1, 302));
    assert_eq!(core.chain().unwrap().tip().hash, forge.tip());
    assert!(core.usable() && core.caught_up());
}

#[test]
fn an_empty_log_has_no_chain() {
    let core = replay(settings(), || Ok(listed(&[])), |_, _| {}).unwrap();
    assert!(core.chain().is_none());
}

#[test]
fn a_trusted_block_that_is_not_there_costs_a_second_pass() {
    let (forge, log) = Grower::grown("passes", 20, 1);
    let settings = Settings {
        assume_valid: Some(Hash::of(b"elsewhere")),
        ..settings()
    };
    let mut opened = 0;
    let open = || {
        opened += 1;
        Ok(listed(&log))
    };
    let mut restarted = 0;
    let core = replay(settings, open, |_, event| {
        restarted += usize::from(matches!(event, Event::Restarted));
    })
    .unwrap();
    assert_eq!((opened, restarted), (2, 1));
    assert!(core.usable());
    assert_eq!(core.chain().unwrap().tip().hash, forge.tip());
}

#[test]
fn an_error_of_the_log_ends_it() {
    let (_, log) = Grower::grown("broken", 3, 1);
    let broken = Error::Unavailable("gone".into());
    let open = || Ok(listed(&log).chain([Err(broken.clone())]));
    let mut accepted = 0;
    let told = |_: &_, event| accepted += usize::from(matches!(event, Event::Accepted { .. }));
    let error = replay(settings(), open, told).err().unwrap();
    assert!(matches!(error, Fatal::Journal(error) if error == broken));
    assert_eq!(accepted, log.len(), "what lies before it was dealt with");
}
