//! Offline: the same core, driven to the end of a log by one call.

use journal::{Journal, Record};

use crate::core::{Core, Settings};
use crate::event::{Event, Fatal};

/// Replays a log from its first record to its end, using all cores, and returns the core as it stands there.
///
/// `open` gives the records of the log from offset 0 on; it is called once more if `settings.assume_valid` turns out not to be on the chain.
/// `on_event` sees every event with the core after it.
///
/// # Errors
/// [`Fatal`], from the log or from the core.
pub fn replay<I>(
    _settings: Settings,
    _open: impl FnMut() -> Result<I, journal::Error>,
    _on_event: impl FnMut(&Core, Event),
) -> Result<Core, Fatal>
where
    I: Iterator<Item = Result<Record, journal::Error>>,
{
    todo!()
}

/// The records of `blockchain` from the first up to the end that the log has now, for [`replay`].
pub fn records(
    _journal: &Journal,
) -> Result<impl Iterator<Item = Result<Record, journal::Error>> + use<>, journal::Error> {
    Ok(std::iter::empty())
}
