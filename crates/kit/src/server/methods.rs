//! The methods of a server and which of them stream, from the descriptors.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use prost::Message as _;
use prost_types::FileDescriptorSet;

use crate::metrics::KeyValue;

/// One method, with its names in spans and metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// Full name of the service.
    pub service: String,
    /// Name of the method.
    pub name: String,
    /// True if the client or the server sends a stream.
    pub streaming: bool,
    /// True for methods for operators, which are never refused for load.
    pub essential: bool,
    /// Service and method as metric labels.
    pub labels: [KeyValue; 2],
}

impl Method {
    fn new(service: &str, name: &str, streaming: bool) -> Method {
        // Shared text, because every call clones the labels.
        let label = |key: &'static str, value: &str| KeyValue::new(key, Arc::<str>::from(value));
        Method {
            service: service.to_owned(),
            name: name.to_owned(),
            streaming,
            essential: service == "grpc.health.v1.Health",
            labels: [label("rpc.service", service), label("rpc.method", name)],
        }
    }
}

/// All methods by their path.
#[derive(Debug)]
pub(super) struct Methods {
    by_path: HashMap<String, Method>,
    // Paths come from clients: unknown ones share one label.
    unknown: Method,
}

impl Methods {
    /// The methods of an encoded `FileDescriptorSet`, and those of health and reflection.
    pub fn served(descriptors: &[u8]) -> anyhow::Result<Self> {
        let mut methods = Self::of(tonic_health::pb::FILE_DESCRIPTOR_SET)?;
        methods.add(descriptors)?;
        methods.add(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)?;
        methods.add(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET)?;
        Ok(methods)
    }

    fn of(descriptors: &[u8]) -> anyhow::Result<Self> {
        let mut methods = Self {
            by_path: HashMap::new(),
            unknown: Method::new("unknown", "unknown", false),
        };
        methods.add(descriptors)?;
        Ok(methods)
    }

    /// Adds the methods of another set.
    fn add(&mut self, descriptors: &[u8]) -> anyhow::Result<()> {
        let set = FileDescriptorSet::decode(descriptors).context("not a FileDescriptorSet")?;
        for file in set.file {
            for service in &file.service {
                let full = match file.package() {
                    "" => service.name().to_owned(),
                    package => format!("{package}.{}", service.name()),
                };
                for method in &service.method {
                    let path = format!("/{full}/{}", method.name());
                    let streaming = method.client_streaming() || method.server_streaming();
                    let method = Method::new(&full, method.name(), streaming);
                    self.by_path.insert(path, method);
                }
            }
        }
        Ok(())
    }

    /// The method at a path, or the one for all unknown paths.
    pub fn at(&self, path: &str) -> &Method {
        self.by_path.get(path).unwrap_or(&self.unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streaming_is_read_from_the_descriptors() {
        let methods = Methods::of(tonic_health::pb::FILE_DESCRIPTOR_SET).unwrap();
        assert!(!methods.at("/grpc.health.v1.Health/Check").streaming);
        assert!(methods.at("/grpc.health.v1.Health/Watch").streaming);
        assert_eq!(methods.at("/no/Such").name, "unknown");
        assert!(Methods::of(b"junk").is_err());
    }
}
