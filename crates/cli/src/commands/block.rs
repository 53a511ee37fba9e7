//! `blocklog block`.

mod follow;
mod get;
mod list;

use crate::run::subcommands;
use follow::Follow;
use get::Get;
use list::List;

subcommands! {
    /// List, get and follow blocks
    pub enum Block {
        List(List),
        Get(Get),
        Follow(Follow),
    }
}
