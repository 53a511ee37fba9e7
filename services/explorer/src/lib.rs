//! Web pages and search over the gRPC of the other services.
