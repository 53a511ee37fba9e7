//! The events of a producer, one at a time.
//!
//! The bindings' own loop waits until its time is over, even if events arrive, and spins through the last millisecond. This
//! one returns a delivery report as soon as it arrives, so that completions are delivered at once.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

/// The outcome of a record.
pub(super) struct Report {
    /// The word that was passed along with the record.
    pub(super) word: usize,
    /// Offset and append time in milliseconds (negative: unknown), or the error and true if librdkafka rules out that the
    /// broker has written the record.
    pub(super) result: Result<(i64, i64), (Code, bool)>,
}

/// The event queue of a producer.
pub(super) struct Events<C: ProducerContext + 'static> {
    producer: Arc<BaseProducer<C>>,
    queue: NonNull<sys::rd_kafka_queue_t>,
}

/// One event; destroyed when dropped.
struct Event(NonNull<sys::rd_kafka_event_t>);

impl<C: ProducerContext + 'static> Events<C> {
    pub(super) fn new(producer: Arc<BaseProducer<C>>) -> Events<C> {
        // SAFETY: the client is alive; the reference to its queue is released on drop, before the client is dropped.
        let queue = unsafe { sys::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        let queue = NonNull::new(queue).expect("every client has a main queue");
        Events { producer, queue }
    }

    /// Waits for one event and processes it: reports go to `take`, log lines to the context.
    ///
    /// False if there was none.
    pub(super) fn serve(&self, wait: Duration, take: &mut impl FnMut(Report)) -> bool {
        let wait = c_int::try_from(wait.as_millis()).unwrap_or(c_int::MAX);
        // SAFETY: the queue is ours until we are dropped.
        let Some(event) =
            NonNull::new(unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), wait) })
        else {
            return false;
        };
        let event = Event(event);
        match event.kind() {
            sys::RD_KAFKA_EVENT_DR => event.reports(take),
            sys::RD_KAFKA_EVENT_LOG => event.log(&**self.producer.context()),
            sys::RD_KAFKA_EVENT_STATS => event.statistics(&**self.producer.context()),
            sys::RD_KAFKA_EVENT_ERROR => event.error(&**self.producer.context()),
            _ => {}
        }
        true
    }
}

impl<C: ProducerContext> Drop for Events<C> {
    fn drop(&mut self) {
        // SAFETY: the reference was taken in `new`, and the producer is still alive.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

impl Event {
    fn kind(&self) -> i32 {
        // SAFETY: the event is ours until we are dropped.
        unsafe { sys::rd_kafka_event_type(self.0.as_ptr()) }
    }

    fn reports(&self, take: &mut impl FnMut(Report)) {
        loop {
            // SAFETY: the event is ours, and its messages live as long as it does.
            let message = unsafe { sys::rd_kafka_event_message_next(self.0.as_ptr()) };
            let Some(found) = (unsafe { message.as_ref() }) else {
                return;
            };
            let word = found._private as usize;
            let result = if found.err == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
                // SAFETY: as above.
                let time = unsafe { sys::rd_kafka_message_timestamp(message, &mut kind) };
                Ok((found.offset, time))
            } else {
                // SAFETY: as above.
                let status = unsafe { sys::rd_kafka_message_status(message) };
                let not_persisted =
                    status == sys::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
                Err((found.err.into(), not_persisted))
            };
            take(Report { word, result });
        }
    }

    fn log(&self, context: &impl ProducerContext) {
        let (mut facility, mut text): (*const c_char, *const c_char) = (ptr::null(), ptr::null());
        let mut level = 0;
        // SAFETY: the event is ours, and the results outlive the call.
        let failed = unsafe {
            sys::rd_kafka_event_log(self.0.as_ptr(), &mut facility, &mut text, &mut level)
        };
        if failed == 0 {
            // SAFETY: both are strings that live as long as the event.
            let (facility, text) = unsafe { (CStr::from_ptr(facility), CStr::from_ptr(text)) };
            context.log(
                super::context::level(level),
                &facility.to_string_lossy(),
                text.to_string_lossy().trim(),
            );
        }
    }

    fn statistics(&self, context: &impl ProducerContext) {
        // SAFETY: the event is ours, and its text lives as long as it does.
        let text = unsafe {
            let text = sys::rd_kafka_event_stats(self.0.as_ptr());
            (!text.is_null()).then(|| CStr::from_ptr(text))
        };
        if let Some(text) = text {
            context.stats_raw(text.to_bytes());
        }
    }

    fn error(&self, context: &impl ProducerContext) {
        // SAFETY: the event is ours, and its text lives as long as it does.
        let (code, text) = unsafe {
            let text = sys::rd_kafka_event_error_string(self.0.as_ptr());
            (
                sys::rd_kafka_event_error(self.0.as_ptr()),
                CStr::from_ptr(text),
            )
        };
        context.error(
            rdkafka::error::KafkaError::Global(code.into()),
            text.to_string_lossy().trim(),
        );
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event is owned by us alone.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}
