//! The filter of log lines: levels by module.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// The SDK logs each failed export; the exporters report them better.
const SILENT: [&str; 3] = ["opentelemetry", "opentelemetry_sdk", "opentelemetry-otlp"];

/// Longest filter, in bytes: enough for a pair per module.
const MAX_FILTER_BYTES: usize = 1024;

/// Parses a filter, which is only levels by module: anyone who reaches the admin port may set it, and patterns over spans and
/// fields could be made arbitrarily expensive.
pub(crate) fn parse(text: &str) -> Result<Targets, String> {
    if text.len() > MAX_FILTER_BYTES {
        return Err(format!("longer than {MAX_FILTER_BYTES} bytes"));
    }
    let mut filter = Targets::new().with_targets(SILENT.map(|target| (target, LevelFilter::OFF)));
    for part in text.split(',').map(str::trim) {
        let (module, level) = match part.split_once('=') {
            None => (None, part),
            Some((module, level)) => (Some(module.trim()), level.trim()),
        };
        let level = level_of(level).ok_or_else(|| malformed(part))?;
        filter = match module {
            None => filter.with_default(level),
            Some(module) if is_module(module) => filter.with_target(module, level),
            Some(_) => return Err(malformed(part)),
        };
    }
    Ok(filter)
}

/// Parses a level, but not the empty text, which its library accepts.
fn level_of(text: &str) -> Option<LevelFilter> {
    text.parse().ok().filter(|_| !text.is_empty())
}

fn is_module(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ":_-".contains(c);
    !text.is_empty() && text.chars().all(is_allowed)
}

fn malformed(part: &str) -> String {
    format!(
        "{part:?} is neither a level (off, error, warn, info, debug, trace) nor MODULE=LEVEL; write e.g. info,ledger=debug"
    )
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_is_levels_by_module() {
        for good in [
            "info",
            "off",
            "info,ledger::apply=debug",
            " warn , h2=trace",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        let filter = parse("info,ledger=debug").unwrap();
        assert!(filter.would_enable("ledger::shell", &Level::DEBUG));
        assert!(!filter.would_enable("miner", &Level::DEBUG));
        assert!(!filter.would_enable("opentelemetry_sdk", &Level::ERROR));
    }

    #[test]
    fn patterns_spans_and_fields_are_refused_and_the_form_is_named() {
        let bad = [
            "",
            "info,",
            "ledger=loud",
            "ledger",
            "=info",
            "[span]=debug",
            "ledger[span{field=1}]=debug",
            "[{m=(a|b)*a(a|b)(a|b)}]=debug",
        ];
        for text in bad {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains("MODULE=LEVEL"), "{text}: {problem}");
        }
        let long = "a=info,".repeat(MAX_FILTER_BYTES) + "info";
        assert!(parse(&long).unwrap_err().contains("longer"));
    }
}
