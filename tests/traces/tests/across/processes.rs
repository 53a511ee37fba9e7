//! The services as processes of their own, traced.

use std::path::Path;

use harness::service::{Running, built};

/// Starts a service, and waits until it is ready.
pub fn start(kind: &str, folder: &Path, endpoint: &str, flags: &[&str]) -> Running {
    // What nobody asks to be traced is not, since spans are counted; but for the miner's batches.
    let sampler = match kind {
        "miner" => "parentbased_always_on",
        _ => "parentbased_always_off",
    };
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", sampler),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let log = folder.join(format!("{kind}-{number}.log"));
    start_with(kind, folder, &log, &variables, flags)
}

/// The same, with a log and an environment of the test's own.
pub fn start_with(
    kind: &str,
    folder: &Path,
    log: &Path,
    variables: &[(&str, &str)],
    flags: &[&str],
) -> Running {
    let binary = built().join(format!("blocklog-{kind}"));
    let running = Running::start(&binary, log, |command| {
        command
            .args(flags)
            .current_dir(folder)
            .envs(variables.iter().copied());
    });
    running.unwrap()
}
