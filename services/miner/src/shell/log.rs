//! Log output: one line for each note to the operator.

use crate::core::Note;

pub(super) fn note(note: &Note) {
    match note {
        Note::Begun { height } => tracing::info!(height, "caught up; mining begins"),
        Note::Won {
            height,
            hash,
            offset,
            partition,
            records,
            included,
            tries,
            elapsed_ms,
        } => tracing::info!(
            height,
            %hash,
            offset,
            partition,
            records,
            included,
            tries,
            elapsed_ms,
            "block won"
        ),
        Note::Lost {
            height,
            to,
            proposed,
        } => {
            let to = to.map_or_else(|| "-".to_owned(), |to| to.to_string());
            tracing::info!(height, to, proposed, "race lost; no record is lost with it");
        }
        Note::TooLate { height } => tracing::warn!(
            height,
            "the clock of this machine is more than ten seconds ahead of the journal's: blocks take their parent's timestamp until it is set right"
        ),
        Note::Refused { height, refusal } => tracing::error!(
            height,
            rule = refusal.code(),
            "a block of this miner was refused: {refusal}. Are all services of the same version?"
        ),
        Note::Stopped { version } => tracing::error!(
            "the chain has moved to version {version}, which this software does not know: nothing is mined; install a newer version"
        ),
        Note::Barred(error) => tracing::warn!("no block can be made: {error}"),
        Note::NotAppended { height, error } => match error {
            journal::AppendError::Terminal(_) => tracing::error!(
                height,
                "the block cannot be appended: {error}. Check the ACLs and max.message.bytes of the topic; it is tried again"
            ),
            _ => tracing::warn!(
                height,
                "the block is not appended yet: {error}; it is tried again"
            ),
        },
        Note::ForeignLoss(loss) => {
            tracing::error!("DATA_LOSS: {loss} (not a partition of this miner, which continues)");
        }
        Note::Cut(loss) => tracing::error!("DATA_LOSS: {loss}"),
        Note::InFlight => tracing::info!(
            "stopped with a block in flight; whether it landed shows at the next start"
        ),
        Note::Log {
            trouble: Some(trouble),
        } => tracing::warn!("{trouble}"),
        Note::Log { trouble: None } => tracing::info!("the journal is available again"),
    }
}
