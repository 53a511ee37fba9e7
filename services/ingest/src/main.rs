//! The `blocklog-ingest` binary.

use std::process::ExitCode;

use ingest::config::Config;

fn main() -> ExitCode {
    kit::service::main("blocklog-ingest", |config: Config, service| async move {
        let journal = config.open_journal()?;
        ingest::run(config, journal, service).await
    })
}
