//! The `healthcheck` subcommand, by which images without a shell query the state of their service.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::reachable;
use crate::config::{self, ServiceSettings};

/// Health checks run every few seconds: a slower answer counts as unhealthy.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Limit in bytes; an answer with all its reasons is far smaller.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Adds the subcommand, with the admin address of the service as default.
pub(super) fn add_to<C: ServiceSettings>(command: Command) -> Command {
    let admin = command
        .get_arguments()
        .find(|arg| arg.get_id() == "admin")
        .and_then(|arg| arg.get_default_values().first().cloned());
    let address = Arg::new("admin")
        .long("admin")
        .value_name("ADDRESS")
        .env(config::variable(C::ENV_PREFIX, "admin"))
        .value_parser(value_parser!(SocketAddr))
        .help("Admin port of the service")
        .required(admin.is_none())
        .default_values(admin);
    let live = Arg::new("live")
        .long("live")
        .action(ArgAction::SetTrue)
        .help("Check that the process is alive, not that it is ready");
    let healthcheck = Command::new("healthcheck")
        .about("Exit code 0 if the service on this machine is ready, else 1")
        .args([address, live]);
    command
        .subcommand(healthcheck)
        .subcommand_negates_reqs(true)
}

/// Queries the service, prints the answer, and returns it as an exit code.
pub(super) fn main(matches: &ArgMatches) -> ExitCode {
    let admin: SocketAddr = *matches
        .get_one("admin")
        .expect("has a default or is required");
    let path = if matches.get_flag("live") {
        "/live"
    } else {
        "/ready"
    };
    match ask(reachable(admin), path) {
        Ok((true, answer)) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Ok((false, answer)) => {
            eprintln!("{answer}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("no answer from http://{admin}{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// True if the answer was 200, and its body.
fn ask(admin: SocketAddr, path: &str) -> std::io::Result<(bool, String)> {
    let mut stream = TcpStream::connect_timeout(&admin, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {admin}\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer)?;
    let ok = answer.split_whitespace().nth(1) == Some("200");
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.trim().to_owned());
    Ok((ok, body.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Service;

    #[tokio::test(flavor = "multi_thread")]
    async fn live_and_ready_are_told_apart() {
        let service = Service::for_test("weather").await;
        let admin = service.admin_addr;
        let ask = move |path| tokio::task::spawn_blocking(move || ask(admin, path).unwrap());
        let (live, _) = ask("/live").await.unwrap();
        let (ready, reasons) = ask("/ready").await.unwrap();
        assert!(live && !ready && reasons.contains("STARTING"), "{reasons}");
    }
}
