//! The trait of commands, structs of their arguments, and the macro for groups of them.

use crate::exit::{Exit, Failure, Outcome};
use crate::session::Session;

/// One command with its arguments.
pub trait Run {
    /// Runs the command.
    async fn run(self, session: &Session) -> Outcome;
}

/// Declares a group of commands, one per line. The help and examples of each are at its own type.
macro_rules! subcommands {
    ($(#[$of_group:meta])* pub enum $group:ident {
        $($(#[$of_command:meta])* $command:ident($arguments:ty),)*
    }) => {
        $(#[$of_group])*
        #[derive(Debug, clap::Subcommand)]
        pub enum $group {
            $($(#[$of_command])* $command($arguments),)*
        }

        impl $crate::run::Run for $group {
            async fn run(self, session: &$crate::session::Session) -> $crate::exit::Outcome {
                match self {
                    $(Self::$command(command) => command.run(session).await,)*
                }
            }
        }
    };
}

pub(crate) use subcommands;

/// Runs blocking work on its own thread.
pub async fn blocking<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::new(Exit::Other, format!("{name} ended: {error}")))?
}
