//! The URL of a journal.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Error;

/// The URL of a journal: `disk:PATH`, `kafka://host:port[,host:port][/PREFIX]` or `memory:[NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub(crate) Location);

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A directory.
    Disk(PathBuf),
    /// Brokers, and a prefix for the names of topics and groups (empty: none).
    Kafka { brokers: String, prefix: String },
    /// A name shared within the process (empty: a new journal).
    Memory(String),
}

impl Url {
    /// Parses the text form.
    pub fn parse(text: &str) -> Result<Url, Error> {
        let bad = |why: &str| Error::BadUrl(format!("{text:?} {why}"));
        if let Some(rest) = text.strip_prefix("kafka://") {
            let (brokers, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if brokers.split(',').any(|broker| !is_address(broker)) {
                return Err(bad("needs brokers as host:port[,host:port]"));
            }
            if prefix.len() > 200
                || prefix
                    .bytes()
                    .any(|b| !(b.is_ascii_alphanumeric() || b"._-".contains(&b)))
            {
                return Err(bad(
                    "has a prefix that is not made of letters, digits, '.', '_' and '-'",
                ));
            }
            return Ok(Url(Location::Kafka {
                brokers: brokers.to_owned(),
                prefix: prefix.to_owned(),
            }));
        }
        if let Some(path) = text.strip_prefix("disk:") {
            if path.is_empty() {
                return Err(bad("needs a path"));
            }
            return Ok(Url(Location::Disk(PathBuf::from(path))));
        }
        match text.strip_prefix("memory:") {
            Some(name) => Ok(Url(Location::Memory(name.to_owned()))),
            None => Err(bad("has an unknown scheme")),
        }
    }

    /// The directory of a disk journal.
    pub fn directory(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Location::Disk(path) => Some(path),
            Location::Kafka { .. } | Location::Memory(_) => None,
        }
    }

    /// True if several processes can open this journal at once.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Location::Kafka { .. })
    }
}

/// True if `text` is `host:port`.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0)
    })
}

impl FromStr for Url {
    type Err = Error;

    fn from_str(text: &str) -> Result<Url, Error> {
        Url::parse(text)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Disk(path) => write!(f, "disk:{}", path.display()),
            Location::Kafka { brokers, prefix } if prefix.is_empty() => {
                write!(f, "kafka://{brokers}")
            }
            Location::Kafka { brokers, prefix } => write!(f, "kafka://{brokers}/{prefix}"),
            Location::Memory(name) => write!(f, "memory:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_every_form() {
        for text in [
            "disk:/var/lib/x",
            "disk:x",
            "kafka://h:9092",
            "kafka://h:9092,[::1]:9093/main",
            "memory:",
            "memory:x",
        ] {
            assert_eq!(Url::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_what_names_no_place() {
        for text in [
            "",
            "x",
            "disk:",
            "kafka://",
            "kafka://h",
            "kafka://h:0",
            "kafka://h:1,",
            "kafka://h:1/a/b",
            "file:x",
        ] {
            assert!(matches!(Url::parse(text), Err(Error::BadUrl(_))), "{text}");
        }
    }
}
