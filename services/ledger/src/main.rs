//! The `blocklog-ledger` binary.

use std::process::ExitCode;

use ledger::Config;

fn main() -> ExitCode {
    kit::service::main("blocklog-ledger", async |config: Config, service| {
        let journal = config.chain.open("blocklog-ledger")?;
        ledger::run(config, journal, service).await
    })
}
