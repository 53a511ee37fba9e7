//! The rules of the chain: bytes, hashes, verdicts, blocks, proofs. Pure.
