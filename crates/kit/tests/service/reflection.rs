//! Reflection, as grpcurl and other clients use it.

use kit::Limits;

use crate::weather::{SERVICE, start};

/// Both versions have the same messages under different packages.
macro_rules! listed {
    ($service:expr, $version:ident) => {{
        use tonic_reflection::pb::$version::ServerReflectionRequest;
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        let channel = kit::client::channel(&$service.grpc_url()).unwrap();
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut client = ServerReflectionClient::new(channel);
        let answer = client
            .server_reflection_info(tokio_stream::once(request))
            .await
            .unwrap();
        let answer = answer.into_inner().message().await.unwrap().unwrap();
        let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
            panic!("no list")
        };
        list.service
            .into_iter()
            .map(|service| service.name)
            .collect::<Vec<_>>()
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_list_what_is_served() {
    let service = start(Limits::default()).await;
    for names in [listed!(service, v1), listed!(service, v1alpha)] {
        for name in [
            SERVICE,
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ] {
            assert!(
                names.iter().any(|listed| listed == name),
                "{name} in {names:?}"
            );
        }
    }
}
