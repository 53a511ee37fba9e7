//! A minimal service: it answers health checks. The tests start it as a process.

use clap::Parser;
use kit::config::{Common, Process, ServiceSettings, Settings};

/// Reports that the weather is fine
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  weather --listen 127.0.0.1:0 --admin 127.0.0.1:0")]
struct Config {
    /// Fail after the start, as `error`, `panic` or `hang` at the end
    #[arg(long)]
    fail: Option<String>,
    /// Never shown
    #[arg(long, default_value = "s3cret", hide_env_values = true)]
    token: String,
    #[command(flatten)]
    common: Common,
}

impl Settings for Config {
    const ENV_PREFIX: &'static str = "WEATHER";
    const DEFAULTS: &'static [(&'static str, &'static str)] =
        &[("listen", "127.0.0.1:7099"), ("admin", "127.0.0.1:9099")];

    fn process(&self) -> &Process {
        &self.common.process
    }

    fn check(&self) -> Result<(), String> {
        if self.token.is_empty() {
            Err("--token: empty".to_owned())
        } else {
            Ok(())
        }
    }
}

impl ServiceSettings for Config {
    fn common(&self) -> &Common {
        &self.common
    }
}

fn main() -> std::process::ExitCode {
    kit::service::main("weather", run)
}

async fn run(config: Config, mut service: kit::Service) -> anyhow::Result<()> {
    let server = kit::Server {
        routes: tonic::service::Routes::default(),
        services: vec![],
        descriptors: tonic_health::pb::FILE_DESCRIPTOR_SET,
        limits: kit::Limits::default(),
        domain: "weather",
        trace_header: "x-weather-trace-id",
    };
    kit::server::serve(&mut service, server)?;
    match config.fail.as_deref() {
        Some("error") => service
            .tasks
            .spawn("clouds", async { anyhow::bail!("no clouds") }),
        Some("panic") => service.tasks.spawn("clouds", async { panic!("thunder") }),
        Some("hang") => service.tasks.spawn("clouds", std::future::pending()),
        _ => {}
    }
    service.finish().await
}
