//! What every main does: configuration, telemetry, shutdown, servers, clients, admin port.
