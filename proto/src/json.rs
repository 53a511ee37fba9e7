//! proto3 JSON of any message of the contract, by reflection over [`crate::DESCRIPTORS`]: the same text that grpcurl
//! prints, so that output of the command line fits other tools.

use std::sync::LazyLock;

use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Value;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(crate::DESCRIPTORS).expect("the build wrote the descriptors")
});

fn descriptor<M: Name>() -> MessageDescriptor {
    POOL.get_message_by_name(&M::full_name())
        .expect("the bindings come from the same descriptors")
}

/// A message as proto3 JSON: camelCase names, 64-bit numbers as strings, bytes as base64, absent fields omitted.
pub fn to_value<M: Message + Name>(message: &M) -> Value {
    let mut dynamic = DynamicMessage::new(descriptor::<M>());
    dynamic
        .transcode_from(message)
        .expect("both sides have the same descriptor");
    serde_json::to_value(&dynamic).expect("a message of the contract has a JSON form")
}

/// A message from proto3 JSON; unknown fields are errors.
pub fn from_str<M: Message + Name + Default>(text: &str) -> Result<M, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let dynamic = DynamicMessage::deserialize(descriptor::<M>(), &mut reader)?;
    reader.end()?;
    Ok(dynamic
        .transcode_to()
        .expect("both sides have the same descriptor"))
}
