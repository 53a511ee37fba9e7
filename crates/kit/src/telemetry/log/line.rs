//! One line of log output.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::config::LogFormat;

/// The style of lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub format: LogFormat,
    pub color: bool,
    pub service: &'static str,
}

/// The trace and span in which a line was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ids {
    pub trace: String,
    pub span: String,
}

/// The content of an event, without its time and trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    level: &'static str,
    target: String,
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Line {
    /// The content of an event, with the origin of those that come from the `log` crate.
    pub fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        let mut line = Self {
            level: metadata.level().as_str(),
            target: metadata.target().to_owned(),
            message: String::new(),
            fields: vec![],
        };
        event.record(&mut line);
        // Records of the `log` crate carry their real target as a field.
        line.fields.retain(|(name, value)| {
            if let ("log.target", Value::String(target)) = (*name, value) {
                line.target.clone_from(target);
            }
            !name.starts_with("log.")
        });
        line
    }

    /// Severity of the line.
    pub fn level(&self) -> Level {
        self.level.parse().expect("made from a level")
    }

    /// The line without the line break.
    pub fn render(&self, style: Style, ids: Option<Ids>, repeated: Option<u64>) -> String {
        let time = format!("{:.3}", jiff::Timestamp::now());
        match style.format {
            LogFormat::Human => self.human(&time, style.color, ids, repeated),
            LogFormat::Json => self.json(&time, style.service, ids, repeated),
        }
    }

    fn human(&self, time: &str, color: bool, ids: Option<Ids>, repeated: Option<u64>) -> String {
        let (on, off) = match (color, self.level) {
            (false, _) | (true, "INFO") => ("", ""),
            (true, "ERROR") => ("\x1b[31m", "\x1b[0m"),
            (true, "WARN") => ("\x1b[33m", "\x1b[0m"),
            (true, _) => ("\x1b[2m", "\x1b[0m"),
        };
        let (level, target) = (self.level, &self.target);
        let mut text = format!("{time} {on}{level:>5}{off} {target}: ");
        push_printable(&mut text, &self.message);
        for (name, value) in &self.fields {
            let value = match value {
                Value::String(value) => value.clone(),
                value => value.to_string(),
            };
            let quoted = value.is_empty() || value.contains([' ', '"', '=']);
            // Writing to a string cannot fail.
            let _ = match quoted {
                true => write!(text, " {name}={value:?}"),
                false => {
                    let _ = write!(text, " {name}=");
                    push_printable(&mut text, &value);
                    Ok(())
                }
            };
        }
        if let Some(count) = repeated {
            let _ = write!(text, " (said {count} times more)");
        }
        if let Some(Ids { trace, span }) = ids {
            let _ = write!(text, " trace_id={trace} span_id={span}");
        }
        text
    }

    fn json(&self, time: &str, service: &str, ids: Option<Ids>, repeated: Option<u64>) -> String {
        let mut object = Map::new();
        // Fields first: an event cannot replace the fields of the log output itself.
        for (name, value) in &self.fields {
            object.insert((*name).to_owned(), value.clone());
        }
        let own = [
            ("time", Some(time.into())),
            ("level", Some(self.level.into())),
            ("service", Some(service.into())),
            ("target", Some(self.target.as_str().into())),
            ("message", Some(self.message.as_str().into())),
            ("repeated", repeated.map(Value::from)),
            (
                "trace_id",
                ids.as_ref().map(|ids| ids.trace.as_str().into()),
            ),
            ("span_id", ids.as_ref().map(|ids| ids.span.as_str().into())),
        ];
        let own = own
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        object.extend(own);
        Value::Object(object).to_string()
    }

    #[cfg(test)]
    pub fn for_test(message: &str) -> Self {
        let (level, target) = (Level::WARN.as_str(), "weather".to_owned());
        Self {
            level,
            target,
            message: message.to_owned(),
            fields: vec![("sky", 1.into())],
        }
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.push((field.name(), value.into()));
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            _ => self.put(field, format!("{value:?}")),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            _ => self.put(field, value),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

/// Escapes control characters: text from clients can neither forge another line nor colour the terminal.
fn push_printable(text: &mut String, untrusted: &str) {
    for letter in untrusted.chars() {
        match letter.is_control() {
            true => text.extend(letter.escape_default()),
            false => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUMAN: Style = Style {
        format: LogFormat::Human,
        color: false,
        service: "weather",
    };
    const JSON: Style = Style {
        format: LogFormat::Json,
        ..HUMAN
    };

    fn ids() -> Option<Ids> {
        Some(Ids {
            trace: "t".repeat(32),
            span: "s".repeat(16),
        })
    }

    #[test]
    fn a_human_line_is_one_line() {
        let text = Line::for_test("rain\nERROR forged \x1b[31m").render(HUMAN, ids(), Some(3));
        let (_, text) = text.split_once(' ').unwrap();
        let ids = format!("trace_id={} span_id={}", "t".repeat(32), "s".repeat(16));
        let said = r"rain\nERROR forged \u{1b}[31m sky=1 (said 3 times more)";
        assert_eq!(text, format!(" WARN weather: {said} {ids}"));
    }

    #[test]
    fn a_json_line_holds_the_same() {
        let text = Line::for_test("rain").render(JSON, ids(), None);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["message"], "rain");
        assert_eq!(value["sky"], 1);
        assert_eq!(value["trace_id"], "t".repeat(32));
        assert_eq!(value["service"], "weather");
        assert!(value["time"].as_str().unwrap().ends_with('Z') && value.get("repeated").is_none());
    }
}
