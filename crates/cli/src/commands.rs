//! The commands, one file each.

pub mod account;
pub mod admin;
pub mod audit;
pub mod block;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod genesis;
pub mod import;
pub mod init;
pub mod keys;
pub mod lists;
pub mod proof;
pub mod record;
pub mod status;
pub mod tip;
pub mod topic;
pub mod tx;
pub mod verify;
