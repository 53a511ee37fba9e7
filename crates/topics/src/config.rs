//! The flags that name the journal and the chain, shared by every reader and writer of a chain.

use std::path::{Path, PathBuf};

use chain::Genesis;
use chain::genesis::from_json;
use journal::{Journal, Options, Url};

/// The journal.
#[derive(Clone, Debug, clap::Args)]
pub struct JournalArgs {
    #[allow(rustdoc::broken_intra_doc_links, reason = "the text of --help")]
    /// The journal: kafka://HOST:PORT[,HOST:PORT][/PREFIX], or disk:PATH (which belongs to one process at a time)
    #[arg(
        long,
        value_name = "URL",
        env = "BLOCKLOG_JOURNAL",
        help_heading = "Chain"
    )]
    pub journal: Url,
    /// File of librdkafka properties, one `name=value` per line: TLS and client certificates, SASL by PLAIN or SCRAM. If it
    /// holds a password, it must not be readable by other users (chmod 600)
    #[arg(
        long,
        value_name = "FILE",
        env = "BLOCKLOG_KAFKA_CONFIG",
        help_heading = "Chain"
    )]
    pub kafka_config: Option<PathBuf>,
}

/// The journal, for commands that can work without one.
#[derive(Clone, Debug, clap::Args)]
pub struct OptionalJournal {
    #[allow(rustdoc::broken_intra_doc_links, reason = "the text of --help")]
    /// The journal: kafka://HOST:PORT[,HOST:PORT][/PREFIX], or disk:PATH (of a service that is stopped)
    #[arg(long, value_name = "URL", env = "BLOCKLOG_JOURNAL")]
    pub journal: Option<Url>,
    /// File of librdkafka properties, one `name=value` per line: TLS and client certificates, SASL by PLAIN or SCRAM. If it
    /// holds a password, it must not be readable by other users (chmod 600)
    #[arg(long, value_name = "FILE", env = "BLOCKLOG_KAFKA_CONFIG")]
    pub kafka_config: Option<PathBuf>,
}

impl OptionalJournal {
    /// The same flags as [`JournalArgs`], if a journal was named.
    pub fn given(self) -> Option<JournalArgs> {
        let kafka_config = self.kafka_config;
        self.journal.map(|journal| JournalArgs {
            journal,
            kafka_config,
        })
    }
}

/// The chain, and the settings with which its topics are created.
#[derive(Clone, Debug, clap::Args)]
pub struct ChainArgs {
    /// The journal
    #[command(flatten)]
    pub journal: JournalArgs,
    /// Genesis file: creates the topics and publishes block 0 if there is none, refuses another chain.
    /// Without it the service waits for block 0
    #[arg(
        long,
        value_name = "FILE",
        env = "BLOCKLOG_GENESIS",
        help_heading = "Chain"
    )]
    pub genesis: Option<PathBuf>,
    /// Replicas of topics that are created [default: min(3, brokers)]
    #[arg(long, value_name = "N", env = "BLOCKLOG_REPLICATION", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Chain")]
    pub replication: Option<u16>,
    /// Replicas that must hold a record before it is acknowledged [default: max(1, replicas - 1)]
    #[arg(long, value_name = "N", env = "BLOCKLOG_MIN_INSYNC", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Chain")]
    pub min_insync: Option<u16>,
}

/// A file named by a flag cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{flag} {}: {problem}", path.display())]
pub struct Error {
    flag: &'static str,
    path: PathBuf,
    problem: String,
}

impl JournalArgs {
    /// The options to open the journal with.
    pub fn options(&self, client_id: &str) -> Result<Options, Error> {
        let kafka_config = match &self.kafka_config {
            None => Vec::new(),
            Some(path) => kafka_config(path)?,
        };
        Ok(Options {
            kafka_config,
            client_id: client_id.to_owned(),
            ..Options::default()
        })
    }

    /// Opens the journal; the broker may take a moment to answer.
    pub fn open(&self, client_id: &str) -> Result<Journal, OpenError> {
        self.open_with(self.options(client_id)?)
    }

    fn open_with(&self, options: Options) -> Result<Journal, OpenError> {
        if skips_verification(&options.kafka_config) {
            warn(
                "the brokers' certificates are NOT checked (enable.ssl.certificate.verification in --kafka-config): \
                 whoever is on the way to them reads the password, and may be the broker",
            );
        }
        Ok(Journal::open(&self.journal, &options)?)
    }

    /// Opens a journal that must exist: for readers, which must not create one in an empty directory.
    pub fn open_existing(&self, client_id: &str) -> Result<Journal, OpenError> {
        match self.journal.directory() {
            Some(directory) if !directory.join("journal").is_file() => Err(Error {
                flag: "--journal",
                path: directory.to_owned(),
                problem: "there is no journal in this directory".into(),
            }
            .into()),
            _ => self.open(client_id),
        }
    }
}

impl ChainArgs {
    /// Opens the journal; the broker may take a moment to answer.
    pub fn open(&self, client_id: &str) -> Result<Journal, OpenError> {
        let options = Options {
            replication: self.replication,
            min_insync: self.min_insync,
            ..self.journal.options(client_id)?
        };
        self.journal.open_with(options)
    }

    /// The genesis file, read and validated.
    pub fn genesis(&self) -> Result<Option<Genesis>, Error> {
        self.genesis.as_deref().map(genesis_file).transpose()
    }

    /// Checks what needs no journal: the files named by flags can be read and parsed.
    pub fn check(&self) -> Result<(), String> {
        self.genesis().map_err(|error| error.to_string())?;
        self.journal
            .options("")
            .map_err(|error| error.to_string())?;
        match (self.replication, self.min_insync) {
            (Some(replicas), Some(insync)) if insync > replicas => Err(format!(
                "--min-insync {insync} is above --replication {replicas}: nothing could be acknowledged"
            )),
            _ => Ok(()),
        }
    }
}

/// A journal does not open.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// A file named by a flag cannot be used.
    #[error(transparent)]
    File(#[from] Error),
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// Reads and validates a genesis file.
pub fn genesis_file(path: &Path) -> Result<Genesis, Error> {
    from_json(&read("--genesis", path)?).map_err(|error| Error {
        flag: "--genesis",
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

fn read(flag: &'static str, path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error {
        flag,
        path: path.to_owned(),
        problem: format!("cannot be read: {error}"),
    })
}

/// Reads a file of properties. A file that holds a secret must be private.
fn kafka_config(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let fail = |problem: String| Error {
        flag: "--kafka-config",
        path: path.to_owned(),
        problem,
    };
    let properties = properties(&read("--kafka-config", path)?).map_err(fail)?;
    if properties.iter().any(|(name, _)| is_secret(name)) {
        keyfile::check(path).map_err(|error| fail(error.to_string()))?;
    }
    Ok(properties)
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "key.pem"]
        .iter()
        .any(|word| name.contains(word))
}

/// True if the last such property disables the check of certificates.
fn skips_verification(properties: &[(String, String)]) -> bool {
    let name = "enable.ssl.certificate.verification";
    let last = properties.iter().rev().find(|(found, _)| found == name);
    // The values that librdkafka accepts as false.
    last.is_some_and(|(_, value)| {
        ["false", "0", "f"].contains(&value.to_ascii_lowercase().as_str())
    })
}

/// Warns in the log output of a service, or on the error stream of a command.
fn warn(text: &str) {
    match tracing::dispatcher::has_been_set() {
        true => tracing::warn!("{text}"),
        false => eprintln!("warning: {text}"),
    }
}

/// librdkafka's own form of a configuration file: `name=value` lines, `#` comments.
fn properties(text: &str) -> Result<Vec<(String, String)>, String> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()));
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| {
            // The line itself may be a secret, so that only its number is reported.
            let (name, value) = line
                .split_once('=')
                .ok_or(format!("line {at} is not name=value"))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_lines_of_name_and_value() {
        let text = "# TLS\nsecurity.protocol = ssl\n\nssl.key.password=a=b\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            properties(text),
            Ok(vec![
                pair("security.protocol", "ssl"),
                pair("ssl.key.password", "a=b")
            ])
        );
        assert_eq!(
            properties("a=b\nsecret"),
            Err("line 2 is not name=value".into())
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_a_password_is_nobody_elses_to_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kafka.properties");
        let with = |text: &str, mode| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            kafka_config(&path).map_err(|error| error.to_string())
        };
        assert!(with("security.protocol=ssl", 0o644).is_ok());
        assert!(with("sasl.password=x", 0o600).is_ok());
        for secret in ["sasl.password", "ssl.key.password", "ssl.key.pem"] {
            let error = with(&format!("{secret}=x"), 0o644).unwrap_err();
            assert!(
                error.contains("--kafka-config") && error.contains("chmod 600"),
                "{error}"
            );
        }
    }

    #[test]
    fn certificates_that_are_not_checked_are_seen() {
        let trusts = |text| skips_verification(&properties(text).unwrap());
        assert!(trusts("enable.ssl.certificate.verification = False"));
        assert!(!trusts("enable.ssl.certificate.verification=true"));
        assert!(!trusts("security.protocol=ssl"));
    }
}
