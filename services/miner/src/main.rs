//! The `blocklog-miner` binary.

use std::process::ExitCode;

use miner::Config;

fn main() -> ExitCode {
    kit::service::main("blocklog-miner", async |config: Config, service| {
        let journal = config.chain.open("blocklog-miner")?;
        miner::run(config, journal, service).await
    })
}
