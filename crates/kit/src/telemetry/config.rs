//! The `OTEL_` variables that the SDK does not read itself, or reads in a way that surprises.
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>

use std::io::IsTerminal as _;

/// The telemetry settings from the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Otel {
    /// No spans and no OTLP at all.
    pub disabled: bool,
    /// OTLP endpoint for traces, with scheme.
    pub traces: Option<String>,
    /// OTLP endpoint for metrics, with scheme.
    pub metrics: Option<String>,
    /// Propagate the trace context through requests and records.
    pub propagate: bool,
    /// The environment names the service.
    pub named: bool,
    /// Print log levels in colour.
    pub color: bool,
    /// Values that are unsupported, wholly or in part.
    pub problems: Vec<String>,
}

impl Otel {
    /// Reads the environment of the process.
    pub fn from_env() -> Self {
        let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self {
            color,
            ..Self::read(|name| std::env::var(name).ok())
        }
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| {
            let value = variable(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let mut otel = Otel {
            disabled: get("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true")),
            named: get("OTEL_SERVICE_NAME").is_some()
                || get("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|it| it.contains("service.name=")),
            ..Otel::default()
        };
        otel.propagate = otel.wants_trace_context(get("OTEL_PROPAGATORS"));
        otel.check_sampler(get("OTEL_TRACES_SAMPLER"), get("OTEL_TRACES_SAMPLER_ARG"));
        if !otel.disabled {
            otel.traces = otel.endpoint(&get, "TRACES");
            otel.metrics = otel.endpoint(&get, "METRICS");
        }
        otel
    }

    /// The SDK silently records everything if it does not understand the value.
    fn check_sampler(&mut self, sampler: Option<String>, argument: Option<String>) {
        let Some(sampler) = sampler else { return };
        let samplers = ["always_on", "always_off", "traceidratio"];
        let name = sampler.strip_prefix("parentbased_").unwrap_or(&sampler);
        if !samplers.contains(&name) {
            self.problems.push(format!(
                "OTEL_TRACES_SAMPLER: {sampler} is not supported; everything is recorded. Write one of {}, or parentbased_ before it",
                samplers.join(", ")
            ));
        }
        let ratio = argument.and_then(|argument| argument.parse::<f64>().ok());
        let is_share = ratio.is_some_and(|ratio| (0.0..=1.0).contains(&ratio));
        if name == "traceidratio" && !is_share {
            self.problems.push(
                "OTEL_TRACES_SAMPLER_ARG: not a number from 0 to 1; everything is recorded".into(),
            );
        }
    }

    fn wants_trace_context(&mut self, propagators: Option<String>) -> bool {
        let Some(propagators) = propagators else {
            return true;
        };
        let mut wanted = false;
        for name in propagators.split(',').map(str::trim) {
            match name {
                "tracecontext" => wanted = true,
                "none" | "baggage" | "" => {}
                other => self.problems.push(format!(
                    "OTEL_PROPAGATORS: {other} is not supported; only tracecontext is"
                )),
            }
        }
        wanted
    }

    fn endpoint(&mut self, get: &impl Fn(&str) -> Option<String>, signal: &str) -> Option<String> {
        match get(&format!("OTEL_{signal}_EXPORTER")).as_deref() {
            None | Some("otlp") => {}
            Some("none") => return None,
            Some(other) => {
                self.problems
                    .push(format!("OTEL_{signal}_EXPORTER: {other} is not supported"));
                return None;
            }
        }
        let own = |name: &str| get(&format!("OTEL_EXPORTER_OTLP_{signal}_{name}"));
        let endpoint = own("ENDPOINT").or_else(|| get("OTEL_EXPORTER_OTLP_ENDPOINT"))?;
        let protocol = own("PROTOCOL").or_else(|| get("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if let Some(other) = protocol.filter(|protocol| protocol != "grpc") {
            self.problems.push(format!(
                "OTEL_EXPORTER_OTLP_PROTOCOL: {other} is not supported; grpc is used"
            ));
        }
        // Without a scheme the SDK would expect TLS.
        match endpoint.contains("://") {
            true => Some(endpoint),
            false => Some(format!("http://{endpoint}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Otel {
        Otel::read(|name| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        })
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");

    #[test]
    fn nothing_set_means_no_export_and_trace_context_passed_on() {
        assert_eq!(
            read(&[]),
            Otel {
                propagate: true,
                ..Otel::default()
            }
        );
    }

    #[test]
    fn an_endpoint_without_scheme_is_plain_http() {
        let otel = read(&[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://other:1"),
        ]);
        assert_eq!(otel.traces.as_deref(), Some("http://collector:4317"));
        assert_eq!(otel.metrics.as_deref(), Some("http://other:1"));
    }

    #[test]
    fn signals_are_switched_off_one_by_one_or_together() {
        let otel = read(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")]);
        assert!(otel.traces.is_none() && otel.metrics.is_some());
        let otel = read(&[ENDPOINT, ("OTEL_METRICS_EXPORTER", "none")]);
        assert!(otel.traces.is_some() && otel.metrics.is_none());
        let otel = read(&[ENDPOINT, ("OTEL_SDK_DISABLED", "TRUE")]);
        assert!(otel.disabled && otel.propagate && otel.traces.is_none() && otel.metrics.is_none());
    }

    #[test]
    fn samplers_that_the_sdk_would_misunderstand_are_reported() {
        let sampler = |name, argument| {
            let variables = [
                ("OTEL_TRACES_SAMPLER", name),
                ("OTEL_TRACES_SAMPLER_ARG", argument),
            ];
            read(&variables).problems.len()
        };
        assert_eq!(sampler("parentbased_traceidratio", "0.01"), 0);
        assert_eq!(sampler("always_on", ""), 0);
        assert_eq!(sampler("jaeger_remote", ""), 1);
        assert_eq!(sampler("traceidratio", "1 %"), 1);
        assert_eq!(sampler("traceidratio", "2"), 1);
    }

    #[test]
    fn propagators_name_the_only_one_there_is() {
        assert!(!read(&[("OTEL_PROPAGATORS", "none")]).propagate);
        assert!(
            read(&[("OTEL_PROPAGATORS", "tracecontext,baggage")])
                .problems
                .is_empty()
        );
        let otel = read(&[("OTEL_PROPAGATORS", "b3")]);
        assert!(!otel.propagate && otel.problems.len() == 1);
    }

    #[test]
    fn what_is_not_understood_is_reported() {
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        assert_eq!(read(&[ENDPOINT, protocol]).problems.len(), 2);
        assert_eq!(
            read(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "zipkin")])
                .problems
                .len(),
            1
        );
    }
}
