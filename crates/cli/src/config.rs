//! The options of every command, and the environment variables behind them.

use crate::output::Format;

/// Heading of the options in `--help`.
const EVERYWHERE: &str = "Global options";

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// Output format: for people, or JSON lines for programs
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_enum,
        default_value_t,
        env = "BLOCKLOG_OUTPUT"
    )]
    pub output: Format,
    /// Address of a ledger
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        default_value = "http://127.0.0.1:7003",
        env = "BLOCKLOG_LEDGER",
        value_name = "URL",
        value_parser = address
    )]
    pub ledger: String,
    /// Address of an ingest
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        default_value = "http://127.0.0.1:7001",
        env = "BLOCKLOG_INGEST",
        value_name = "URL",
        value_parser = address
    )]
    pub ingest: String,
    /// Address of a miner; may be repeated
    #[arg(
        id = "miner_url",
        long = "miner",
        global = true,
        help_heading = EVERYWHERE,
        default_value = "http://127.0.0.1:7002",
        env = "BLOCKLOG_MINER",
        value_name = "URL",
        value_parser = miner_address
    )]
    pub miner: Vec<String>,
}

/// The address of a service.
fn address(text: &str) -> Result<String, String> {
    kit::client::check_url(text).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// The address of a miner, which is easily confused with the account of one.
fn miner_address(text: &str) -> Result<String, String> {
    address(text).map_err(|error| {
        format!(
            "{error}: this flag is the address of a running miner; accounts that may mine are set by `genesis new --allow-miner ACCOUNT` and `admin miner add`"
        )
    })
}
