//! The data folder: the journal, the genesis and the keys that the first start creates.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, ensure};
use chain::genesis::{Allocation, from_json, to_json};
use chain::{Account, Genesis, Secret};
use journal::{Journal, Options, Url};
use kit::keyfile;
use rand::Rng as _;
use serde::Serialize;

use crate::config::Config;

/// Accounts whose keys the first start creates, each with [`FUNDS`].
const FUNDED: [&str; 3] = ["alice", "bob", "carol"];
const FUNDS: u64 = 1_000_000;

/// A key of the first start.
#[derive(Clone, Serialize)]
pub struct Funded {
    pub name: &'static str,
    pub account: Account,
    pub key: PathBuf,
}

/// An opened data folder.
pub struct Home {
    pub url: Url,
    pub journal: Journal,
    pub genesis_file: PathBuf,
    pub genesis: Genesis,
    pub accounts: Vec<Funded>,
    /// Folder of the state that can be rebuilt from the journal, one per journal.
    pub state: PathBuf,
    /// Held because its drop removes the folder.
    _temporary: Option<tempfile::TempDir>,
}

impl Home {
    /// Opens the folder and its journal; the first time, creates a genesis and keys.
    pub fn open(config: &Config) -> anyhow::Result<Home> {
        let temporary = config.ephemeral.then(tempfile::tempdir).transpose()?;
        let data = temporary.as_ref().map_or(&*config.data, |dir| dir.path());
        let keys = data.join("keys");
        fs::create_dir_all(&keys).with_context(|| {
            format!(
                "cannot write in {}; name another folder with --data",
                data.display()
            )
        })?;
        let url = match &config.journal {
            Some(url) => url.clone(),
            None => Url::parse(&format!("disk:{}", data.join("journal").display()))?,
        };
        let state = match url.is_shared() {
            true => data.join(url.to_string().replace(['/', ':', ','], "_")),
            false => data.to_owned(),
        };
        // Opened first: a disk journal locks the folder against a second process.
        let journal = Journal::open(&url, &Options::default())?;
        let genesis_file = data.join("genesis.json");
        if !genesis_file.exists() {
            let found = journal.offsets("blockchain", 0);
            ensure!(
                !found.is_ok_and(|offsets| offsets.end > 0),
                "{url} holds a chain, but {} is missing: put its genesis there, or start a new chain with another --data or --journal",
                genesis_file.display()
            );
            first_start(&keys, &genesis_file)?;
        }
        let text = fs::read_to_string(&genesis_file)
            .with_context(|| genesis_file.display().to_string())?;
        let genesis = from_json(&text).with_context(|| genesis_file.display().to_string())?;
        let accounts = accounts(&keys)?;
        Ok(Home {
            url,
            journal,
            genesis_file,
            genesis,
            accounts,
            state,
            _temporary: temporary,
        })
    }
}

/// Writes the genesis last: until it exists, the next start counts as the first.
fn first_start(keys: &Path, genesis_file: &Path) -> anyhow::Result<()> {
    for name in FUNDED {
        let path = keys.join(name).with_extension("pem");
        if !path.exists() {
            let mut seed = [0; 32];
            rand::rng().fill_bytes(&mut seed);
            keyfile::write_pem(&path, &Secret::from_seed(seed).to_pem())?;
        }
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let genesis = Genesis {
        name: "dev".to_owned(),
        timestamp_ms: u64::try_from(now.as_millis())?,
        open: true,
        allocations: accounts(keys)?
            .iter()
            .map(|one| Allocation {
                account: one.account,
                amount: FUNDS,
            })
            .collect(),
        ..Genesis::default()
    };
    let new = genesis_file.with_extension("new");
    fs::write(&new, to_json(&genesis)).and_then(|()| fs::File::open(&new)?.sync_all())?;
    fs::rename(&new, genesis_file)?;
    // The journal is durable from its first block on, so the keys and the genesis must be, too.
    for folder in [keys.parent(), Some(keys)].into_iter().flatten() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The accounts whose keys still exist.
fn accounts(keys: &Path) -> anyhow::Result<Vec<Funded>> {
    let files = FUNDED.map(|name| (name, keys.join(name).with_extension("pem")));
    let there = files.into_iter().filter(|(_, key)| key.exists());
    let read = there.map(|(name, key)| {
        let secret = Secret::from_pem(&keyfile::read_pem(&key)?);
        let account = secret
            .with_context(|| {
                format!(
                    "{}: restore it, or remove it to continue without",
                    key.display()
                )
            })?
            .account();
        Ok(Funded { name, account, key })
    });
    read.collect()
}
