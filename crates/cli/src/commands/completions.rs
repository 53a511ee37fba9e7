//! `blocklog completions`.

use clap_complete::{Shell, generate};

use crate::exit::Outcome;
use crate::run::Run;
use crate::session::Session;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  blocklog completions bash > /etc/bash_completion.d/blocklog")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Run for Completions {
    async fn run(self, session: &Session) -> Outcome {
        let mut script = Vec::new();
        generate(
            self.shell,
            &mut (session.grammar)(),
            "blocklog",
            &mut script,
        );
        let script = String::from_utf8_lossy(&script);
        Ok(session.printer.verbatim(script.trim_end())?)
    }
}
