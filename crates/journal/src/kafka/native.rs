//! What the safe bindings do not offer of librdkafka.
//!
//! * The watermarks every fetch brings along: asking the broker for them would cost a round trip.
//! * Headers whose names are not UTF-8: the bindings panic on them, and anybody who may write can send one.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use bytes::Bytes;
use rdkafka::ClientContext;
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::message::BorrowedMessage;

/// Start and end of a partition as the last fetch told them, if one has.
pub(super) fn known_watermarks<C: ClientContext>(
    client: &Client<C>,
    topic: &CStr,
    partition: i32,
) -> Option<(u64, u64)> {
    let (mut low, mut high) = (-1, -1);
    // SAFETY: the client is alive, the name ends with a zero, and both results outlive the call.
    let error = unsafe {
        sys::rd_kafka_get_watermark_offsets(
            client.native_ptr(),
            topic.as_ptr(),
            partition,
            &mut low,
            &mut high,
        )
    };
    let known = error == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    if known {
        Some((u64::try_from(low).ok()?, u64::try_from(high).ok()?))
    } else {
        None
    }
}

/// Copies the headers; bytes of a name that are not UTF-8 become U+FFFD, a value that is null becomes an empty one.
pub(super) fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, Bytes)> {
    let none = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    let mut list: *mut sys::rd_kafka_headers_t = ptr::null_mut();
    // SAFETY: the message is alive, and keeps the headers it hands out.
    if unsafe { sys::rd_kafka_message_headers(message.ptr(), &mut list) } != none {
        return Vec::new();
    }
    let mut headers = Vec::new();
    loop {
        let mut name: *const c_char = ptr::null();
        let mut value: *const c_void = ptr::null();
        let mut size = 0;
        // SAFETY: the list belongs to the message; an index beyond its end gives an error.
        let error = unsafe {
            sys::rd_kafka_header_get_all(list, headers.len(), &mut name, &mut value, &mut size)
        };
        if error != none {
            return headers;
        }
        // SAFETY: librdkafka ends names with a zero, and the value has `size` bytes; both live as long as the message.
        let (name, value) = unsafe {
            let value = if value.is_null() {
                &[]
            } else {
                std::slice::from_raw_parts(value.cast::<u8>(), size)
            };
            (CStr::from_ptr(name), value)
        };
        headers.push((
            name.to_string_lossy().into_owned(),
            Bytes::copy_from_slice(value),
        ));
    }
}
