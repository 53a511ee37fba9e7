//! Messages above the limit: turns the transport's OUT_OF_RANGE without a reason into a refusal with one.

use tonic::{Code, Status};

use super::refusals::Refusals;

/// The transport's message, around its two numbers.
const FOUND: &str = "Error, decoded message length too large: found ";
const LIMIT: &str = " bytes, the limit is: ";
const END: &str = " bytes";

/// The refusal for a status of the transport, if that is about a message above the limit.
pub(super) fn of(status: &Status, refusals: Refusals) -> Option<Status> {
    if status.code() != Code::OutOfRange || !status.details().is_empty() {
        return None;
    }
    let (found, limit) = status.message().strip_prefix(FOUND)?.split_once(LIMIT)?;
    let limit = limit.strip_suffix(END)?;
    Some(refusals.message_too_large(found, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_transport_says_is_meant() {
        let weather = Refusals { domain: "weather" };
        let message = format!("{FOUND}70000{LIMIT}65536{END}");
        let status = of(&Status::out_of_range(&message), weather).unwrap();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let info = crate::status::info(&status).unwrap();
        assert_eq!(info.reason, "MESSAGE_TOO_LARGE");
        let [found, limit] = &info.metadata[..] else {
            panic!("{info:?}")
        };
        assert_eq!((found.1.as_str(), limit.1.as_str()), ("70000", "65536"));
        assert!(of(&Status::out_of_range("no such day"), weather).is_none());
        assert!(of(&Status::invalid_argument(message), weather).is_none());
    }
}
