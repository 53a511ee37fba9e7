//! W3C Trace Context in the headers of records, without a tracer.

use bytes::Bytes;

/// Name of the header that names a trace.
pub const TRACEPARENT: &str = "traceparent";
/// Name of the header with the additions of tracers.
pub const TRACESTATE: &str = "tracestate";

/// The context of a record whose trace is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// The value of the header.
    pub value: Bytes,
    /// The trace id in it.
    pub trace_id: [u8; 16],
}

/// The context of a record, if its trace is sampled (bit 0 of the flags, W3C Trace Context 3.2.2.5). The first header of that name
/// counts.
pub fn sampled(headers: &[(String, Bytes)]) -> Option<Sampled> {
    let (_, value) = headers.iter().find(|(name, _)| name == TRACEPARENT)?;
    let trace_id = sampled_trace(value)?;
    Some(Sampled {
        value: value.clone(),
        trace_id,
    })
}

/// Parses `00-<trace id, 32 hex>-<parent id, 16 hex>-<flags, 2 hex>`; later versions start the same.
fn sampled_trace(value: &[u8]) -> Option<[u8; 16]> {
    let mut parts = value.split(|byte| *byte == b'-');
    let [version] = hex(parts.next()?)?;
    let trace_id = hex(parts.next()?)?;
    let parent_id: [u8; 8] = hex(parts.next()?)?;
    let [flags] = hex(parts.next()?)?;
    let is_valid = version != 0xff && trace_id != [0; 16] && parent_id != [0; 8];
    let is_whole = parts.next().is_none();
    (is_valid && is_whole && flags & 1 == 1).then_some(trace_id)
}

fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(bytes)
}
