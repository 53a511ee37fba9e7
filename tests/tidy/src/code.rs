//! Rust text with comments and string contents blanked out.

/// Replaces comments and the contents of string and character literals by spaces. Line breaks stay, so that line
/// numbers do.
pub fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal(bytes, at);
        match end {
            Some((from, to)) => {
                for byte in &mut out[from..to] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = to.max(at + 1);
            }
            None => at += 1,
        }
    }
    String::from_utf8(out).expect("whole characters were replaced by spaces")
}

/// If a comment or literal begins at `at`: the range to blank, which leaves quotes standing. The byte at its end
/// is a closing quote, or belongs to what follows a comment.
fn literal(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        return Some((at, at + length));
    }
    if rest.starts_with(b"/*") {
        return Some((at, at + nested_comment(rest)));
    }
    if let Some(hashes) = raw_string(bytes, at) {
        let open = at + 1 + hashes + 1;
        let close: Vec<u8> = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
        let length = bytes[open..]
            .windows(close.len())
            .position(|w| w == close)
            .unwrap_or(0);
        // Past the closing quote, which would otherwise open a string.
        return Some((open, open + length + 1));
    }
    match rest {
        [b'"', ..] => Some((at + 1, string_end(bytes, at + 1) + 1)),
        [b'\'', b'\\', ..] => {
            let length = rest[3..].iter().position(|b| *b == b'\'').unwrap_or(0);
            Some((at + 1, at + 3 + length + 1))
        }
        // A character, not a lifetime: the quote closes after one character.
        [b'\'', first, ..] => {
            let width = char_width(*first);
            (rest.get(1 + width) == Some(&b'\'')).then_some((at + 1, at + 2 + width))
        }
        _ => None,
    }
}

fn nested_comment(rest: &[u8]) -> usize {
    let (mut depth, mut i) = (0, 0);
    while i < rest.len() {
        match &rest[i..] {
            [b'/', b'*', ..] => (depth, i) = (depth + 1, i + 2),
            [b'*', b'/', ..] => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

/// The number of `#` if `r"`, `r#"`, `br"`… begins here.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|i| bytes[i]);
    let in_word = before.is_some_and(|b| (b.is_ascii_alphanumeric() && b != b'b') || b == b'_');
    if bytes[at] != b'r' || in_word {
        return None;
    }
    let hashes = bytes[at + 1..].iter().take_while(|b| **b == b'#').count();
    (bytes.get(at + 1 + hashes) == Some(&b'"')).then_some(hashes)
}

fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut i = from;
    while i < bytes.len() && bytes[i] != b'"' {
        i += if bytes[i] == b'\\' { 2 } else { 1 };
    }
    i.min(bytes.len() - 1)
}

fn char_width(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    //! What counts as code.

    use super::blank;

    #[test]
    fn comments_and_contents_go_and_code_stays() {
        let cases = [
            ("a // todo!\nb", &["a", "b"][..]),
            ("a /* x /* y */ z */ b", &["a", "b"]),
            (r#"let s = "x \" y"; b"#, &["let", "s", "=", "\"", ";", "b"]),
            (
                "let s = r#\"x \" y\"#; b",
                &["let", "s", "=", "r#\"", "#;", "b"],
            ),
            (
                "fn f<'a>(c: char) { c == 'x' || c == '\\'' || c == '\"' } b",
                &[
                    "fn", "f<'a>(c:", "char)", "{", "c", "==", "'", "||", "c", "==", "'", "||",
                    "c", "==", "'", "}", "b",
                ],
            ),
        ];
        for (text, words) in cases {
            let blanked = blank(text);
            assert_eq!(blanked.len(), text.len());
            assert_eq!(
                blanked.split_whitespace().collect::<Vec<_>>(),
                words,
                "{text}"
            );
        }
    }
}
