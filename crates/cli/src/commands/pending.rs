//! `blocklog pending`.

use proto::ledger::v1::ListPendingRequest;

use crate::exit::Outcome;
use crate::format::{movement, number, position, time};
use crate::run::Run;
use crate::session::Session;

/// Records that no block has consumed yet, in offset order
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog pending --partition 1 --limit 10")]
pub struct Pending {
    /// Partition of the transactions topic
    #[arg(long, default_value_t = 0)]
    partition: u32,
    /// Number of records
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

impl Run for Pending {
    async fn run(self, session: &Session) -> Outcome {
        let request = ListPendingRequest {
            partition: Some(self.partition),
            ..Default::default()
        };
        let records = session.rows(request, self.limit, |_| Ok(())).await?;
        let header = ["record", "ahead", "appended", "transaction", "id"];
        Ok(session.printer.table(&records, &header, |record| {
            let transaction = record.transaction.clone().unwrap_or_default();
            vec![
                position(record.position.as_ref()),
                number(record.queue_ahead),
                time(record.append_time.as_ref()),
                if record.transaction.is_some() {
                    movement(&transaction)
                } else {
                    "no transaction".into()
                },
                transaction.id,
            ]
        })?)
    }
}
