//! A command is a struct of its words that can be run; a group of commands is an enum of them.

use crate::exit::{Exit, Failure, Outcome};
use crate::session::Session;

/// The words of one command, parsed.
pub trait Run {
    /// Does what they say.
    async fn run(self, session: &Session) -> Outcome;
}

/// Declares a group of commands, one a line. Help and examples of each stand at its own type.
macro_rules! subcommands {
    ($(#[$of_group:meta])* pub enum $group:ident {
        $($(#[$of_command:meta])* $command:ident($words:ty),)*
    }) => {
        $(#[$of_group])*
        #[derive(Debug, clap::Subcommand)]
        pub enum $group {
            $($(#[$of_command])* $command($words),)*
        }

        impl $crate::run::Run for $group {
            async fn run(self, session: &$crate::session::Session) -> $crate::exit::Outcome {
                match self {
                    $(Self::$command(words) => words.run(session).await,)*
                }
            }
        }
    };
}

pub(crate) use subcommands;

/// Runs work that hashes, reads or waits without being async on a thread of its own.
pub async fn blocking<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::new(Exit::Other, format!("{name} ended: {error}")))?
}
