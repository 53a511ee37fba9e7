//! Metrics of the process itself. Names follow the OpenTelemetry conventions for processes.

use std::fs;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// Unit of CPU times in `/proc` (`USER_HZ`), independent of the kernel's configuration.
const TICKS_PER_SECOND: f64 = 100.0;

/// Defines the instruments; they are read when metrics are collected.
pub(super) fn observe(meter: &Meter) {
    let start = Instant::now();
    let version = [KeyValue::new("version", env!("CARGO_PKG_VERSION"))];
    meter
        .u64_observable_gauge("build.info")
        .with_description("Always 1; the labels say what is running")
        .with_callback(move |gauge| gauge.observe(1, &version))
        .build();
    meter
        .f64_observable_gauge("process.uptime")
        .with_unit("s")
        .with_description("Time since the process started")
        .with_callback(move |gauge| gauge.observe(start.elapsed().as_secs_f64(), &[]))
        .build();
    meter
        .u64_observable_gauge("process.memory.usage")
        .with_unit("By")
        .with_description("Resident memory")
        .with_callback(|gauge| {
            if let Some(bytes) = resident_bytes() {
                gauge.observe(bytes, &[]);
            }
        })
        .build();
    meter
        .f64_observable_counter("process.cpu.time")
        .with_unit("s")
        .with_description("CPU time of all threads, user and system")
        .with_callback(|counter| {
            if let Some(seconds) = cpu_seconds() {
                counter.observe(seconds, &[]);
            }
        })
        .build();
    meter
        .u64_observable_gauge("process.open_file_descriptor.count")
        .with_description("Open file descriptors")
        .with_callback(|gauge| {
            if let Ok(open) = fs::read_dir("/proc/self/fd") {
                gauge.observe(open.count() as u64, &[]);
            }
        })
        .build();
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the process is in brackets and may contain anything; the 14th and 15th fields are user and system time.
    let (_, rest) = stat.rsplit_once(") ")?;
    let ticks = rest
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>().ok());
    Some(ticks.sum::<Option<f64>>()? / TICKS_PER_SECOND)
}
