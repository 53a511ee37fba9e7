//! Checks that the settings of the miner fit the chain.

use chain::{Account, Genesis};

/// A setting that does not fit, named by its flag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A partition that the chain does not have.
    #[error("--partition {partition}: the chain {chain:?} has {partitions} partitions, 0 to {}", partitions - 1)]
    NoPartition {
        /// The partition of the flag.
        partition: u32,
        /// Number of partitions.
        partitions: u32,
        /// Name of the chain.
        chain: String,
    },
    /// A named account on a chain that is not open.
    #[error(
        "--account {account}: the chain {chain:?} is not open, so only keys can mine on it; give --key FILE (`blocklog keys new` makes one)"
    )]
    NotOpen {
        /// The account of the flag.
        account: Account,
        /// Name of the chain.
        chain: String,
    },
    /// A key that is not in the chain's list of miners.
    #[error(
        "--key: {account} is not in the list of miners of the chain {chain:?}: use a listed key, or have the chain's admin send the memo `miner+ {account}` first"
    )]
    NotListed {
        /// The account of the key.
        account: Account,
        /// Name of the chain.
        chain: String,
    },
}

/// Checks all that follows from the genesis. The list of miners does not: the chain's admin may have changed it since.
pub fn check(partitions: &[u32], account: &Account, genesis: &Genesis) -> Result<(), Misfit> {
    let chain = genesis.name.clone();
    if let Some(&partition) = partitions.iter().find(|&&p| p >= genesis.partitions) {
        return Err(Misfit::NoPartition {
            partition,
            partitions: genesis.partitions,
            chain,
        });
    }
    if !account.is_key() && !genesis.open {
        return Err(Misfit::NotOpen {
            account: *account,
            chain,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_names_its_flag_and_the_way_out() {
        let alice = "alice".parse().unwrap();
        let mut genesis = Genesis::default();
        let error = check(&[0, 5], &alice, &genesis).unwrap_err().to_string();
        assert!(
            error.contains("--partition 5") && error.contains("0 to 1"),
            "{error}"
        );
        genesis.partitions = 6;
        let error = check(&[0, 5], &alice, &genesis).unwrap_err().to_string();
        assert!(
            error.contains("--account alice") && error.contains("--key FILE"),
            "{error}"
        );
        genesis.open = true;
        assert_eq!(check(&[0, 5], &alice, &genesis), Ok(()));
    }
}
