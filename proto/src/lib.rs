//! The gRPC contract: bindings generated from `proto/blocklog`, the descriptors for reflection, the stable reasons
//! of errors, and the translation between wire messages and the types of the chain.
//!
//! The contract is the comments in the `.proto` files: read them first.

/// `blocklog.chain.v1`: the values of the records on the two topics. The chain has a strict codec of its own; these
/// bindings serve the tools and the property test that holds one against the other.
pub mod chain {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("blocklog.chain.v1");
    }
}

/// `blocklog.types.v1`: types of every service.
pub mod types {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("blocklog.types.v1");
    }
}

/// `blocklog.ingest.v1`: submission.
pub mod ingest {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("blocklog.ingest.v1");
    }
}

/// `blocklog.miner.v1`: the state of a miner.
pub mod miner {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("blocklog.miner.v1");
    }
}

/// `blocklog.ledger.v1`: queries, streams, proofs.
pub mod ledger {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("blocklog.ledger.v1");
    }
}

/// `blocklog.explorer.v1`: search and overview.
pub mod explorer {
    /// Version 1.
    #[allow(missing_docs, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("blocklog.explorer.v1");
    }
}

/// Every file of the contract with its imports and comments, and `google.rpc`'s error details, as a serialized
/// `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

pub mod json;
pub mod metadata;
pub mod reason;
pub mod text;
pub mod wire;
