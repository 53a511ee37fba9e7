//! The disk provider where the contract ends: disks that fail, processes that are killed, journals that were imported.

mod faulty;
mod import;
mod kill;
