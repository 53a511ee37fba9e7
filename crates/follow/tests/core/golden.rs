//! The golden chains through the core: whatever is checked ahead, and in whichever order the checks come back, every
//! candidate ends as the files say.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use follow::{Event, Settings};
use serde_json::Value;

use crate::stand::{Stand, settings};

/// A chain of the golden files: value, append time and result of each candidate, and the tip.
struct Golden {
    values: Vec<Bytes>,
    times: Vec<u64>,
    results: Vec<String>,
    tip: String,
}

fn golden() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/golden");
    let files = [
        "chain-open",
        "chain-closed",
        "chain-retarget",
        "chain-admin",
        "edges",
    ];
    let mut chains = Vec::new();
    for file in files {
        let text = fs::read(folder.join(file).with_extension("json")).unwrap();
        match serde_json::from_slice(&text).unwrap() {
            Value::Array(parts) => chains.extend(parts.iter().map(Golden::new)),
            chain => chains.push(Golden::new(&chain)),
        }
    }
    assert!(chains.len() > 10);
    chains
}

impl Golden {
    fn new(chain: &Value) -> Golden {
        let candidates = chain["candidates"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Golden {
            values: (candidates.iter())
                .map(|candidate| hex::decode(text(&candidate["value"])).unwrap().into())
                .collect(),
            times: (candidates.iter())
                .map(|candidate| {
                    candidate["append_time_ms"]
                        .as_i64()
                        .unwrap()
                        .try_into()
                        .unwrap_or(0)
                })
                .collect(),
            results: (candidates.iter())
                .map(|candidate| text(&candidate["result"]))
                .collect(),
            tip: text(&chain["tip"]),
        }
    }

    fn run(&self, settings: Settings, seed: u64) -> Stand {
        let mut stand = Stand::new(settings, None, &self.values).seeded(seed);
        stand.times = self.times.clone();
        stand.run();
        stand
    }
}

/// The result of each candidate, in offset order.
fn results(events: &[Event]) -> Vec<String> {
    let results = events.iter().filter_map(|event| match event {
        Event::Accepted { .. } => Some("OK".to_owned()),
        Event::Refused(refused) => Some(refused.refusal.code().to_owned()),
        _ => None,
    });
    results.collect()
}

#[test]
fn every_candidate_ends_as_the_golden_files_say() {
    for golden in golden() {
        for seed in 0..8 {
            let stand = golden.run(settings(), seed);
            assert_eq!(results(&stand.events), golden.results);
            assert_eq!(stand.tip().to_string(), golden.tip);
        }
    }
}

/// With the tip trusted, the same blocks are accepted; some that only a signature refuses may lead astray first, and
/// then everything is checked.
#[test]
fn trusting_the_tip_leads_to_the_same_chain() {
    for golden in golden() {
        let settings = Settings {
            assume_valid: Some(golden.tip.parse().unwrap()),
            ..settings()
        };
        let stand = golden.run(settings, 3);
        assert_eq!(stand.tip().to_string(), golden.tip);
        assert!(stand.core.usable());
        let restarted = (stand.events.iter()).rposition(|event| matches!(event, Event::Restarted));
        if let Some(at) = restarted {
            assert_eq!(results(&stand.events[at..]), golden.results);
        }
    }
}
