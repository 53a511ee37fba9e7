//! Seals slices of its partitions into blocks.
