//! Metrics of the embedded store, beside those of the ledger.

use std::sync::Arc;

use fjall::{Database, Keyspace};
use kit::metrics::{KeyValue, Meter};

use super::schema::Keyspaces;

/// The source of the metrics. The instruments outlive the store, and report nothing after it has been closed.
pub(super) struct Figures {
    database: Database,
    keyspaces: Keyspaces,
}

/// Blocks of tables that were read, by source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Loads {
    cache: u64,
    disk: u64,
}

impl Figures {
    pub(super) fn new(database: Database, keyspaces: Keyspaces) -> Figures {
        Figures {
            database,
            keyspaces,
        }
    }

    pub(super) fn observe(self: &Arc<Self>, meter: &Meter) {
        self.gauge(
            meter,
            "ledger.index.size",
            "Bytes of the index on disk, its own journal included",
            "By",
            |it| it.database.disk_space().unwrap_or(0),
        );
        self.gauge(
            meter,
            "ledger.index.journal.size",
            "Bytes that the index's own journal keeps until they are in tables",
            "By",
            |it| it.database.journal_disk_space().unwrap_or(0),
        );
        self.gauge(
            meter,
            "ledger.index.memtables.size",
            "Bytes of the index that are in memory until they are in tables",
            "By",
            |it| it.database.write_buffer_size(),
        );
        self.gauge(
            meter,
            "ledger.index.cache.size",
            "Bytes of table blocks that are kept in memory",
            "By",
            |it| it.database.cache_size(),
        );
        self.gauge(
            meter,
            "ledger.index.tables",
            "Tables of the index",
            "{table}",
            |it| it.sum(Keyspace::table_count),
        );
        self.gauge(
            meter,
            "ledger.index.flushes.outstanding",
            "Memtables that wait to become tables",
            "{flush}",
            |it| it.database.outstanding_flushes() as u64,
        );
        self.gauge(
            meter,
            "ledger.index.compactions.active",
            "Merges of tables in progress",
            "{compaction}",
            |it| it.database.active_compactions() as u64,
        );
        self.observe_counters(meter);
    }

    fn gauge(
        self: &Arc<Self>,
        meter: &Meter,
        name: &'static str,
        description: &'static str,
        unit: &'static str,
        read: fn(&Figures) -> u64,
    ) {
        let it = Arc::downgrade(self);
        meter
            .u64_observable_gauge(name)
            .with_description(description)
            .with_unit(unit)
            .with_callback(move |gauge| {
                if let Some(it) = it.upgrade() {
                    gauge.observe(read(&it), &[]);
                }
            })
            .build();
    }

    fn observe_counters(self: &Arc<Self>, meter: &Meter) {
        let it = Arc::downgrade(self);
        meter
            .u64_observable_counter("ledger.index.compactions")
            .with_description("Merges of tables that are done")
            .with_unit("{compaction}")
            .with_callback(move |counter| {
                if let Some(it) = it.upgrade() {
                    counter.observe(it.database.compactions_completed() as u64, &[]);
                }
            })
            .build();
        let it = Arc::downgrade(self);
        meter
            .f64_observable_counter("ledger.index.compaction.time")
            .with_description("Time spent merging tables")
            .with_unit("s")
            .with_callback(move |counter| {
                if let Some(it) = it.upgrade() {
                    counter.observe(it.database.time_compacting().as_secs_f64(), &[]);
                }
            })
            .build();
        let it = Arc::downgrade(self);
        meter
            .u64_observable_counter("ledger.index.block.loads")
            .with_description("Blocks of tables that reads needed, by where they were: cache, or disk (behind the system's page cache)")
            .with_unit("{block}")
            .with_callback(move |counter| {
                let Some(it) = it.upgrade() else { return };
                let Loads { cache, disk } = it.loads();
                for (source, count) in [("cache", cache), ("disk", disk)] {
                    counter.observe(count, &[KeyValue::new("source", source)]);
                }
            })
            .build();
    }

    fn sum(&self, count: fn(&Keyspace) -> usize) -> u64 {
        let counts = self.keyspaces.all().into_iter().map(count);
        counts.sum::<usize>() as u64
    }

    fn loads(&self) -> Loads {
        Loads {
            cache: self.sum(|it| it.metrics().block_load_cached_count()),
            disk: self.sum(|it| it.metrics().block_load_io_count()),
        }
    }
}
