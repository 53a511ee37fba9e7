//! Comments use the trade's words, and sentences with a subject.

use tidy::{all, law};

/// Folders whose comments keep this law. The list may only grow.
const EDITED: [&str; 15] = [
    "crates/chain/src/",
    "crates/cli/",
    "crates/engine/",
    "crates/follow/src/",
    "crates/journal/",
    "crates/kit/",
    "crates/parallel/",
    "crates/topics/",
    "proto/blocklog/",
    "proto/src/",
    "services/dev/",
    "services/explorer/",
    "services/ingest/src/",
    "services/ledger/src/",
    "services/miner/src/",
];

/// Phrases with a better word: processed, recreated, report, resume, in flight, a client, any client, no caller.
const PHRASES: [&str; 16] = [
    "anew",
    "anybody",
    "dealt with",
    "everybody",
    "go on",
    "goes on",
    "nobody",
    "on its way",
    "on their way",
    "so long",
    "somebody",
    "tell",
    "tells",
    "told",
    "took it",
    "whoever",
];

/// Openings of noun clauses: a comment begins with a noun or a verb ("Returns …", "The offset at which …", "True if …").
const OPENINGS: [&str; 7] = ["How", "What", "Where", "Whether", "Which", "Who", "Why"];

/// Each run of comment lines, up to a blank one, as running text.
fn comments(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines().map(str::trim) {
        let comment = ["///", "//!", "//"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark));
        match comment.map(str::trim).filter(|words| !words.is_empty()) {
            Some(words) => blocks.last_mut().expect("never empty").extend([words, " "]),
            None => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// The fault of a comment, if it has one.
fn fault(comment: &str) -> Option<String> {
    let opening = comment.split(' ').next().unwrap_or_default();
    if OPENINGS.contains(&opening) {
        return Some(format!("opens with {opening:?}"));
    }
    let plain = |c: char| {
        if c.is_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    let words: String = comment.chars().map(plain).collect();
    let words = format!(
        " {} ",
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    );
    let found = PHRASES
        .iter()
        .find(|phrase| words.contains(&format!(" {phrase} ")));
    found.map(|phrase| format!("has {phrase:?}"))
}

#[test]
fn comments_use_the_words_of_the_trade() {
    let mut checked = 0;
    let mut offenders = Vec::new();
    for source in all() {
        let edited = EDITED.iter().any(|folder| source.path.starts_with(folder));
        if !edited
            || ![".rs", ".proto"]
                .iter()
                .any(|end| source.path.ends_with(end))
        {
            continue;
        }
        for comment in comments(&source.text) {
            checked += 1;
            let start: String = comment.chars().take(60).collect();
            offenders
                .extend(fault(&comment).map(|fault| format!("{}: {fault}: {start}", source.path)));
        }
    }
    assert!(checked > 1000, "the comments were read");
    law(
        "Comments of the edited folders use the trade's words and open with a noun or a verb",
        "a reader should not have to translate",
        offenders,
    );
}

#[test]
fn a_comment_is_read_across_its_lines() {
    let text = "/// The caller is dealt\n/// with.\n///\n/// What it is.\nlet url = \"http://tell\";\n// Resumes at `from`.\n";
    let faults: Vec<Option<String>> = comments(text)
        .iter()
        .map(|comment| fault(comment))
        .collect();
    let expected = [
        Some("has \"dealt with\"".to_owned()),
        Some("opens with \"What\"".to_owned()),
        None,
    ];
    assert_eq!(faults, expected);
}
