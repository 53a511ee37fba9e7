//! `blocklog tx submit`.

use std::fs;
use std::path::PathBuf;

use super::send::{Submission, submit};
use crate::chains;
use crate::exit::Outcome;
use crate::file::unreadable;
use crate::run::Run;
use crate::session::Session;

/// Send a record written by `tx encode`; it is included at most once, however often it is sent
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog tx submit tx.bin")]
pub struct Submit {
    /// File of the record
    file: PathBuf,
    #[command(flatten)]
    to: Submission,
}

impl Run for Submit {
    async fn run(self, session: &Session) -> Outcome {
        let record = fs::read(&self.file).map_err(|error| unreadable(&self.file, &error))?;
        let chain = chains::agreed(None, self.to.waits(), session).await?;
        submit(record.into(), &chain, &self.to, session).await
    }
}
