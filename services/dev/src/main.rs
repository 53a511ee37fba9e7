//! The `blocklog-dev` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    kit::process::main("blocklog-dev", dev::run)
}
