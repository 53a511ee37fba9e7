//! Functions of librdkafka that the safe bindings lack.
//!
//! * The watermarks that come with every fetch: requesting them from the broker would cost a round trip.
//! * Headers whose names are not UTF-8: the bindings panic on them, and any client that may write can send one. The bindings
//!   would also copy every header before one can be inspected.
//! * The error of a broker that refuses to return a topic's settings: the bindings then return an empty list.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::ClientContext;
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::BorrowedMessage;

use crate::record::Headers;

/// Start and end of a partition as of the last fetch, if there was one.
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

/// Copies the selected headers; bytes of a name that are not UTF-8 become U+FFFD, a null value becomes an empty one.
pub(super) fn headers(message: &BorrowedMessage<'_>, wanted: Headers) -> Vec<(String, Bytes)> {
    if wanted == Headers::None {
        // librdkafka builds a list of all headers at the first request, and keeps it as long as the message.
        return Vec::new();
    }
    let none = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    let mut list: *mut sys::rd_kafka_headers_t = ptr::null_mut();
    // SAFETY: the message is alive, and keeps the headers it hands out.
    if unsafe { sys::rd_kafka_message_headers(message.ptr(), &mut list) } != none {
        return Vec::new();
    }
    let mut kept = wanted.keep();
    for index in 0.. {
        let mut name: *const c_char = ptr::null();
        let mut value: *const c_void = ptr::null();
        let mut size = 0;
        // SAFETY: the list belongs to the message; an index beyond its end gives an error.
        let error =
            unsafe { sys::rd_kafka_header_get_all(list, index, &mut name, &mut value, &mut size) };
        if error != none {
            break;
        }
        // SAFETY: librdkafka ends names with a zero, and the value has `size` bytes; both live as long as the message.
        let (name, value) = unsafe {
            let value = if value.is_null() {
                &[]
            } else {
                std::slice::from_raw_parts(value.cast::<u8>(), size)
            };
            (CStr::from_ptr(name).to_bytes(), value)
        };
        if kept.wants(name, value.len()) {
            let name = String::from_utf8_lossy(name).into_owned();
            kept.push(name, Bytes::copy_from_slice(value));
        }
    }
    kept.into_headers()
}

/// An object of librdkafka, destroyed on drop.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was made by librdkafka, belongs to us alone, and is destroyed once, by the function of its type.
            unsafe { (self.1)(self.0) }
        }
    }
}

/// The settings of a topic by name, or the broker's error. Blocks.
pub(super) fn topic_settings<C: ClientContext>(
    client: &Client<C>,
    topic: &CStr,
    timeout: Duration,
) -> Result<HashMap<String, String>, Code> {
    let ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client is alive and outlives everything made of it here; the name ends with a zero and is copied; the
    // options are read before the request returns; the queue gets this request's event and no other.
    let event = unsafe {
        let rk = client.native_ptr();
        let queue = Owned(sys::rd_kafka_queue_new(rk), sys::rd_kafka_queue_destroy);
        let options = Owned(
            sys::rd_kafka_AdminOptions_new(
                rk,
                sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            ),
            sys::rd_kafka_AdminOptions_destroy,
        );
        sys::rd_kafka_AdminOptions_set_request_timeout(options.0, ms, ptr::null_mut(), 0);
        let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
        let resource = Owned(
            sys::rd_kafka_ConfigResource_new(kind, topic.as_ptr()),
            sys::rd_kafka_ConfigResource_destroy,
        );
        let mut asked = [resource.0];
        sys::rd_kafka_DescribeConfigs(rk, asked.as_mut_ptr(), asked.len(), options.0, queue.0);
        // The request itself never waits longer than its timeout.
        Owned(
            sys::rd_kafka_queue_poll(queue.0, -1),
            sys::rd_kafka_event_destroy,
        )
    };
    let none = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    // SAFETY: the event is alive until the end of the function, and everything read from it lives as long; counts are those
    // of the lists; names and values end with a zero, values may be null.
    unsafe {
        let error = sys::rd_kafka_event_error(event.0);
        if error != none {
            return Err(error.into());
        }
        let result = sys::rd_kafka_event_DescribeConfigs_result(event.0);
        if result.is_null() {
            return Err(Code::BadMessage);
        }
        let mut count = 0;
        let resources = sys::rd_kafka_DescribeConfigs_result_resources(result, &mut count);
        if count == 0 {
            return Err(Code::UnknownTopicOrPartition);
        }
        let resource = *resources;
        let error = sys::rd_kafka_ConfigResource_error(resource);
        if error != none {
            return Err(error.into());
        }
        let mut count = 0;
        let entries = sys::rd_kafka_ConfigResource_configs(resource, &mut count);
        let mut settings = HashMap::with_capacity(count);
        for index in 0..count {
            let entry = *entries.add(index);
            let value = sys::rd_kafka_ConfigEntry_value(entry);
            if !value.is_null() {
                let name = CStr::from_ptr(sys::rd_kafka_ConfigEntry_name(entry));
                let text = |text: &CStr| text.to_string_lossy().into_owned();
                settings.insert(text(name), text(CStr::from_ptr(value)));
            }
        }
        Ok(settings)
    }
}
