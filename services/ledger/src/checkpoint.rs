//! C2SP checkpoints: the size and root of the log in a signed note, for the witnesses and monitors of other logs
//! (c2sp.org/tlog-checkpoint, c2sp.org/signed-note).

use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chain::{Hash, Secret};

/// Ed25519 among the signature types of signed notes.
const ED25519: u8 = 0x01;

/// Bytes of a key id: the beginning of the hash of name and key.
const KEY_ID_BYTES: usize = 4;

/// The key that signs checkpoints.
#[derive(Clone, Debug)]
pub struct LogKey {
    secret: Secret,
}

/// The origin of the log: the first line of a checkpoint and the name of its key.
pub fn origin(chain_id: &Hash) -> String {
    format!("blocklog/{chain_id}")
}

impl LogKey {
    /// Creates the key from its secret.
    pub fn new(secret: Secret) -> LogKey {
        LogKey { secret }
    }

    /// Reads a key file: PKCS#8 PEM, mode 0600.
    pub fn read(path: &Path) -> anyhow::Result<LogKey> {
        let secret = kit::keyfile::read_pem(path).map_err(anyhow::Error::from);
        let secret = secret.and_then(|pem| Ok(Secret::from_pem(&pem)?));
        let secret = secret.with_context(|| format!("--log-key {}", path.display()))?;
        Ok(LogKey::new(secret))
    }

    /// The checkpoint of a log of `size` leaves with this root.
    pub fn checkpoint(&self, chain_id: &Hash, size: u64, root: &Hash) -> String {
        let origin = origin(chain_id);
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root.0));
        let signature = self.secret.sign(text.as_bytes());
        let signed = [&self.key_id(&origin)[..], &signature].concat();
        format!("{text}\n\u{2014} {origin} {}\n", STANDARD.encode(signed))
    }

    /// The verifier key of a signed note: `<name>+<key id in hex>+<base64 of type and key>`.
    pub fn verifier(&self, chain_id: &Hash) -> String {
        let origin = origin(chain_id);
        let id = hex::encode(self.key_id(&origin));
        format!("{origin}+{id}+{}", STANDARD.encode(self.typed_key()))
    }

    fn key_id(&self, name: &str) -> [u8; KEY_ID_BYTES] {
        let hash = Hash::of(&[name.as_bytes(), b"\n", &self.typed_key()].concat());
        *hash
            .0
            .first_chunk()
            .expect("a hash is longer than its beginning")
    }

    fn typed_key(&self) -> Vec<u8> {
        let account = self.secret.account();
        [&[ED25519], account.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_a_signed_note() {
        let secret = Secret::from_seed([7; 32]);
        let key = LogKey::new(secret.clone());
        let (chain_id, root) = (Hash::of(b"chain"), Hash::of(b"root"));
        let note = key.checkpoint(&chain_id, 42, &root);
        let (text, signatures) = note.split_once("\n\n").unwrap();
        let lines: Vec<_> = text.lines().collect();
        let origin = format!("blocklog/{chain_id}");
        assert_eq!(lines, [&origin, "42", &STANDARD.encode(root.0)]);

        let line = signatures.strip_suffix('\n').unwrap();
        let (name, signed) = line
            .strip_prefix("\u{2014} ")
            .unwrap()
            .split_once(' ')
            .unwrap();
        assert_eq!(name, origin);
        let signed = STANDARD.decode(signed).unwrap();
        let (id, signature) = signed.split_first_chunk::<4>().unwrap();
        let public = secret.account();
        let hashed = [origin.as_bytes(), b"\n\x01", public.as_bytes()].concat();
        assert_eq!(id[..], Hash::of(&hashed).0[..4]);
        let message = format!("{text}\n");
        let signature = signature.try_into().unwrap();
        assert!(chain::key::verify(
            public.key().unwrap(),
            signature,
            message.as_bytes()
        ));
        let verifier = key.verifier(&chain_id);
        assert!(verifier.starts_with(&format!("{origin}+{}+", hex::encode(id))));
    }
}
