//! `blocklog topic`: direct access to the topics, without any service.

mod cat;
mod line;
mod pad;

use crate::run::subcommands;
use cat::Cat;
use pad::Pad;

subcommands! {
    /// Access the topics directly, without any service
    pub enum Topic {
        Cat(Cat),
        Pad(Pad),
    }
}
