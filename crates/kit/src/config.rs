//! Settings: flags, each also an environment variable, checked before any socket opens.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, ValueEnum};

use crate::shutdown::MAX_GRACE;
use crate::telemetry::filter;

/// Format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text
    #[default]
    Human,
    /// One JSON object per line
    Json,
}

/// Flags of every process.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Process")]
pub struct Process {
    /// Format of log lines
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Filter of log lines: a level, or MODULE=LEVEL pairs; the admin port changes it at run time
    #[arg(long, default_value = "info", value_name = "FILTER")]
    pub log: String,
    /// Time limit of the shutdown after SIGTERM or Ctrl-C; at most 25s
    #[arg(long, default_value = "20s", value_parser = duration, value_name = "TIME")]
    pub shutdown_grace: Duration,
}

/// Flags of every service. `--listen` and `--admin` have no default here: see [`Settings::DEFAULTS`].
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Process")]
pub struct Common {
    /// Address of the gRPC port
    #[arg(long, value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Address of the admin port: health, metrics and the log filter
    #[arg(long, value_name = "ADDRESS")]
    pub admin: SocketAddr,
    /// Flags of every process.
    #[command(flatten)]
    pub process: Process,
}

/// The settings of a process: a flat clap struct.
pub trait Settings: clap::Parser {
    /// Prefix of environment variables: `--some-flag` is also read from `PREFIX_SOME_FLAG`.
    const ENV_PREFIX: &'static str;
    /// Defaults of flattened flags that differ between processes: flag, value.
    /// Services set `listen` and `admin`.
    const DEFAULTS: &'static [(&'static str, &'static str)] = &[];
    /// The flags of every process.
    fn process(&self) -> &Process;
    /// Checks what clap cannot: relations between flags, files that must exist.
    /// An error is a usage error (exit code 2).
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
    /// Settings to print at start besides the flags: name, value.
    fn describe(&self) -> Vec<(&'static str, String)> {
        vec![]
    }
}

/// The settings of a service with a gRPC and an admin port.
pub trait ServiceSettings: Settings {
    /// The flags of every service.
    fn common(&self) -> &Common;
}

/// A duration with unit, e.g. `250ms`, `1m 30s`; `0` is zero. For clap's `value_parser`.
pub fn duration(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        text => humantime::parse_duration(text)
            .map_err(|error| format!("{error} (write e.g. 250ms, 10s, 1m30s)")),
    }
}

/// Parses arguments (the first is the program) and the environment, and checks them.
pub fn parse<C: Settings>(
    args: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<C, clap::Error> {
    let mut command = command::<C>();
    let matches = command.try_get_matches_from_mut(args)?;
    from_matches(&mut command, &matches)
}

/// The command line of a process, with its own defaults and an environment variable for each flag.
pub(crate) fn command<C: Settings>() -> Command {
    let mut command = C::command().version(env!("CARGO_PKG_VERSION"));
    for (flag, value) in C::DEFAULTS {
        let id = flag.replace('-', "_");
        command = command.mut_arg(id, |arg| arg.required(false).default_value(*value));
    }
    command.mut_args(|arg| match arg.get_long() {
        Some(flag) if arg.get_env().is_none() => {
            let name = variable(C::ENV_PREFIX, flag);
            arg.env(name)
        }
        _ => arg,
    })
}

/// `PREFIX_SOME_FLAG`. Leaked once per flag and process, because clap needs a static name.
pub(crate) fn variable(prefix: &str, flag: &str) -> &'static str {
    let name = format!("{prefix}_{}", flag.replace('-', "_").to_uppercase());
    Box::leak(name.into_boxed_str())
}

/// The parsed settings, checked.
pub(crate) fn from_matches<C: Settings>(
    command: &mut Command,
    matches: &ArgMatches,
) -> Result<C, clap::Error> {
    let settings = C::from_arg_matches(matches)?;
    check_process(settings.process())
        .and_then(|()| settings.check())
        .map_err(|problem| command.error(ErrorKind::ValueValidation, problem))?;
    Ok(settings)
}

fn check_process(process: &Process) -> Result<(), String> {
    if process.shutdown_grace > MAX_GRACE {
        let limit = humantime::format_duration(MAX_GRACE);
        return Err(format!(
            "--shutdown-grace: at most {limit}, or the orchestrator kills it first"
        ));
    }
    filter::parse(&process.log).map_err(|problem| format!("--log: {problem}"))?;
    Ok(())
}

/// All settings as flat `key=value` pairs, secrets hidden.
pub(crate) fn lines<C: Settings>(
    command: &Command,
    matches: &ArgMatches,
    settings: &C,
) -> Vec<(String, String)> {
    let mut lines = vec![];
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        let Ok(Some(values)) = matches.try_get_raw(id) else {
            continue;
        };
        let values: Vec<_> = values
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        let shown = match arg.is_hide_env_values_set() {
            true => "(hidden)".to_owned(),
            false => without_password(&values.join(",")),
        };
        lines.push((id.to_owned(), shown));
    }
    lines.extend(
        settings
            .describe()
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value)),
    );
    lines
}

/// `scheme://user:password@host` without the password.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let authority = rest.split(['/', ',']).next().unwrap_or_default();
    match authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
    {
        Some((user, password)) => {
            let tail = &rest[user.len() + 1 + password.len()..];
            format!("{scheme}://{user}:(hidden){tail}")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Weather {
        /// Position of the sky
        #[arg(long)]
        sky: String,
        /// Never shown
        #[arg(long, hide_env_values = true, default_value = "s3cret")]
        token: String,
        /// Repeatable
        #[arg(long)]
        cloud: Vec<u8>,
        #[command(flatten)]
        common: Common,
    }

    impl Settings for Weather {
        const ENV_PREFIX: &'static str = "KIT_TEST";
        const DEFAULTS: &'static [(&'static str, &'static str)] =
            &[("listen", "127.0.0.1:7099"), ("admin", "127.0.0.1:9099")];
        fn process(&self) -> &Process {
            &self.common.process
        }
        fn check(&self) -> Result<(), String> {
            if self.sky == "down" {
                Err("--sky: cannot be down".to_owned())
            } else {
                Ok(())
            }
        }
        fn describe(&self) -> Vec<(&'static str, String)> {
            vec![("mood", "fair".to_owned())]
        }
    }

    #[test]
    fn the_printed_configuration_is_complete_and_hides_secrets() {
        let args = [
            "weather",
            "--sky",
            "kafka://me:pa@ss@host:1/x",
            "--cloud",
            "1",
            "--cloud=2",
        ];
        let mut command = command::<Weather>();
        let matches = command.try_get_matches_from_mut(args).unwrap();
        let settings = from_matches::<Weather>(&mut command, &matches).unwrap();
        let lines = lines(&command, &matches, &settings);
        let text: Vec<_> = lines
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let text = text.join(" ");
        for shown in [
            "sky=kafka://me:(hidden)@host:1/x",
            "token=(hidden)",
            "cloud=1,2",
            "listen=127.0.0.1:7099",
            "shutdown_grace=20s",
            "mood=fair",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(
            !text.contains("s3cret") && !text.contains("pa@ss"),
            "{text}"
        );
    }

    #[test]
    fn every_flag_has_a_variable_and_its_default_in_the_help() {
        let help = command::<Weather>().render_long_help().to_string();
        for shown in ["KIT_TEST_SKY", "KIT_TEST_SHUTDOWN_GRACE", "127.0.0.1:7099"] {
            assert!(help.contains(shown), "{shown} in {help}");
        }
    }

    #[test]
    fn mistakes_are_usage_errors() {
        for (args, word) in [
            (vec!["weather"], "--sky"),
            (vec!["weather", "--sky=down"], "cannot be down"),
            (vec!["weather", "--sky=up", "--log=a=b=c"], "--log"),
            (
                vec!["weather", "--sky=up", "--shutdown-grace=1h"],
                "at most 25s",
            ),
            (
                vec!["weather", "--sky=up", "--shutdown-grace=soon"],
                "250ms",
            ),
            (vec!["weather", "--sky=up", "--listen=7001"], "--listen"),
        ] {
            let error = parse::<Weather>(args).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(word), "{word} in {error}");
        }
    }

    #[test]
    fn zero_needs_no_unit() {
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
    }
}
