//! Results of the audit: times, traces, disagreements.

use fjall::OwnedWriteBatch;

use super::Writer;
use super::bulk::Rows;
use crate::index::Error;
use crate::index::rows::{self, Marks, Omitted};
use crate::index::schema::{self, CHUNK_LEAVES};
use crate::model::Audited;
use crate::model::answer::Finding;

impl Writer {
    /// Writes the results for one block.
    pub(super) fn audited(
        &mut self,
        audited: &Audited,
        rows: &mut Rows,
        out: &mut OwnedWriteBatch,
    ) -> Result<(), Error> {
        let keyspaces = &self.keyspaces;
        let mut traces = audited.traces.iter().peekable();
        for (number, times) in audited.append_ms.chunks(CHUNK_LEAVES as usize).enumerate() {
            let first = number as u64 * CHUNK_LEAVES;
            let end = first + times.len() as u64;
            let mut marks = Marks {
                block_ms: audited.block_ms,
                ..Marks::default()
            };
            marks.ages_ms = times
                .iter()
                .map(|time| time.map(|ms| audited.block_ms.wrapping_sub(ms) as i64))
                .collect();
            while let Some((slot, trace)) = traces.next_if(|(slot, _)| u64::from(*slot) < end) {
                marks
                    .traces
                    .push(((u64::from(*slot) - first) as u8, *trace));
            }
            let key = schema::number(audited.first_leaf + 1 + first);
            rows.marks.push((key.into(), rows::encode(&marks).into()));
        }
        for finding in &audited.findings {
            self.finding(finding, out);
        }
        for (id, partition, offset) in &audited.omitted {
            let row = Omitted {
                partition: *partition,
                offset: *offset,
            };
            out.insert(&keyspaces.omitted, schema::id(id), rows::encode(&row));
        }
        self.series.latencies(audited, keyspaces)
    }

    pub(super) fn finding(&self, finding: &Finding, out: &mut OwnedWriteBatch) {
        let key = schema::number(finding.number);
        out.insert(&self.keyspaces.findings, key, rows::encode(finding));
    }
}
