//! The providers behind one handle. A plain enum: no trait objects spread outward.

use std::time::Duration;

use crate::Error;
use crate::append::{AppendError, Entry, Sink};
use crate::handle::Options;
use crate::record::{Batch, Offsets};
use crate::topic::{Creation, Description, TopicSpec};
use crate::url::Url;

#[derive(Clone)]
pub(crate) enum Provider {}

pub(crate) enum Appender {}

pub(crate) enum Reader {}

#[allow(unused_variables)]
impl Provider {
    pub(crate) fn open(url: &Url, options: &Options) -> Result<Provider, Error> {
        todo!()
    }

    pub(crate) fn topic_name(&self, name: &str) -> String {
        match *self {}
    }

    pub(crate) fn create_topic(&self, spec: &TopicSpec) -> Result<Creation, Error> {
        match *self {}
    }

    pub(crate) fn describe(
        &self,
        topic: &str,
        expected: &TopicSpec,
    ) -> Result<Option<Description>, Error> {
        match *self {}
    }

    pub(crate) fn offsets(&self, topic: &str, partition: u32) -> Result<Offsets, Error> {
        match *self {}
    }

    pub(crate) fn appender(&self, topic: &str, sink: Sink) -> Result<Appender, Error> {
        match *self {}
    }

    pub(crate) fn reader(&self, topic: &str, partition: u32, from: u64) -> Result<Reader, Error> {
        match *self {}
    }

    pub(crate) fn commit_position(
        &self,
        group: &str,
        topic: &str,
        partition: u32,
        offset: u64,
    ) -> Result<(), Error> {
        match *self {}
    }
}

#[allow(unused_variables, clippy::result_large_err)]
impl Appender {
    pub(crate) fn append(&self, token: u64, entry: Entry) -> Result<(), (Entry, AppendError)> {
        match *self {}
    }

    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Error> {
        match *self {}
    }
}

#[allow(unused_variables)]
impl Reader {
    pub(crate) fn next(&mut self, max_bytes: usize, wait: Duration) -> Result<Batch, Error> {
        match *self {}
    }

    pub(crate) fn seek(&mut self, from: u64) -> Result<(), Error> {
        match *self {}
    }
}
