//! Escapes foreign text for terminals: a service, a record or a file may contain anything.
//!
//! The escapes are those of JSON, so that a JSON document keeps its meaning.

use std::borrow::Cow;

/// Escapes several lines: every control character except line breaks, and characters that change the direction of text.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_hostile(c))
}

/// Escapes one value, line breaks included: they would look like another line of output.
pub fn value(text: &str) -> Cow<'_, str> {
    escaped(text, is_hostile)
}

fn escaped(text: &str, hostile: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hostile(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// True for C0, DEL and C1, line separators, and the controls of bidirectional text. All have four hex digits.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_terminal_obeys_is_written_out() {
        for fine in ["", "alice → bob 5 \"é\" …", "{\"a\":\"b\\u001b\"}"] {
            assert!(matches!(lines(fine), Cow::Borrowed(_)), "{fine}");
        }
        let hostile = "a\x1b]0;b\x07\u{9b}c\u{202e}\u{2069}\u{7f}\td";
        let escaped = r"a\u001b]0;b\u0007\u009bc\u202e\u2069\u007f\u0009d";
        assert_eq!(lines(hostile), escaped);
        assert_eq!(
            (lines("a\nb"), value("a\nb")),
            ("a\nb".into(), r"a\u000ab".into())
        );
    }

    #[test]
    fn json_says_the_same() {
        let value = serde_json::json!({ "memo": "\u{1b}\u{9b}\u{202e}\n\\" });
        let text = value.to_string();
        let escaped = lines(&text);
        assert!(!escaped.contains(is_hostile), "{escaped}");
        let read: serde_json::Value = serde_json::from_str(&escaped).expect("it is JSON");
        assert_eq!(read, value);
    }
}
