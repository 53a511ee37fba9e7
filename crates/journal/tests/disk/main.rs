//! The disk provider beyond the contract: failing disks, killed processes, imported journals.

mod faulty;
mod import;
mod kill;
