//! `blocklog tx`: creates, sends and follows transactions.

mod decode;
pub mod draft;
mod encode;
pub mod send;
mod status;
mod submit;
mod watch;

use crate::run::subcommands;
use decode::Decode;
use encode::Encode;
use send::Send;
use status::Status;
use submit::Submit;
use watch::Watch;

subcommands! {
    /// Send, encode, decode and follow transactions
    pub enum Tx {
        Send(Send),
        Encode(Encode),
        Submit(Submit),
        Decode(Decode),
        Status(Status),
        Watch(Watch),
    }
}
