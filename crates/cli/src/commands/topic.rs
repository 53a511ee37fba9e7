//! `blocklog topic`: the topics themselves, without any service.

mod cat;
mod line;
mod pad;

use crate::run::subcommands;
use cat::Cat;
use pad::Pad;

subcommands! {
    /// Read the topics themselves, without any service
    pub enum Topic {
        Cat(Cat),
        Pad(Pad),
    }
}
