//! A service over real loopback sockets.

mod calls;
mod lifecycle;
mod process;
mod reflection;
mod traces;
mod weather;
