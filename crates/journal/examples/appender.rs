//! Appends to a disk journal until it is killed, and prints a line for everything that was acknowledged:
//! partition, offset, CRC-32C of the value. `tests/disk/kill.rs` kills it.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use journal::{AppendError, Completion, Entry, Journal, Options, TopicSpec, Url};

/// Appends in flight at once.
const WINDOW: usize = 100;
const PARTITIONS: u32 = 2;

/// Appends in flight, by token: partition and checksum.
type Open = Arc<Mutex<HashMap<u64, (u32, u32)>>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: appender PATH")?;
    let journal = Journal::open(&Url::parse(&format!("disk:{path}"))?, &Options::default())?;
    journal.create_topic(&TopicSpec {
        name: "kill".into(),
        partitions: PARTITIONS,
        max_record_bytes: 1 << 20,
    })?;
    let open: Open = Arc::default();
    let told = Arc::clone(&open);
    let appender = journal.appender("kill", Arc::new(move |batch| tell(&told, &batch)))?;
    for token in 0.. {
        while open.lock().expect("no panic").len() >= WINDOW {
            std::thread::sleep(Duration::from_micros(200));
        }
        let size = match token % 500 {
            0 => 500_000,
            n => 7 * n as usize,
        };
        let value: Vec<u8> = (0..size).map(|i| (i as u64 * 31 + token) as u8).collect();
        let partition = (token % u64::from(PARTITIONS)) as u32;
        open.lock()
            .expect("no panic")
            .insert(token, (partition, crc32c::crc32c(&value)));
        let mut entry = Entry {
            partition,
            value: value.into(),
            ..Entry::default()
        };
        while let Err((back, error)) = appender.append(token, entry) {
            if error != AppendError::Full {
                return Err(error.into());
            }
            entry = back;
        }
    }
    Ok(())
}

/// Prints what was acknowledged.
fn tell(open: &Open, batch: &[Completion]) {
    let mut open = open.lock().expect("no panic");
    let mut lines = String::new();
    for completion in batch {
        let (partition, checksum) = open
            .remove(&completion.token)
            .expect("each token completes once");
        if let Ok(appended) = &completion.result {
            let offset = appended.offset.expect("a disk journal knows its offsets");
            lines += &format!("{partition} {offset} {checksum:08x}\n");
        }
    }
    std::io::stdout()
        .write_all(lines.as_bytes())
        .expect("somebody reads");
}
