//! What documents and comments say of the repository.

use std::collections::BTreeSet;

use tidy::{Source, all, law, rust};

fn text(path: &str) -> String {
    let source = all().into_iter().find(|source| source.path == path);
    source.unwrap_or_else(|| panic!("{path} is there")).text
}

fn is_code(word: &str) -> bool {
    word.len() > 3
        && word
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// What the tables of the format name: of a row that begins with a number its second cell, else all of its last.
fn codes_of_the_format() -> BTreeSet<String> {
    let format = text("docs/format.md");
    let rows = format.lines().filter(|line| line.starts_with("| "));
    let cells = rows.flat_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let numbered = cells[0].parse::<u8>().is_ok();
        let cell = if numbered { cells.get(1) } else { cells.last() };
        let words = cell.map_or_else(Vec::new, |cell| cell.split(", ").map(str::trim).collect());
        match words.iter().all(|word| is_code(word)) {
            true => words.into_iter().map(str::to_owned).collect(),
            false => Vec::new(),
        }
    });
    cells.collect()
}

/// What the `code()` of an enum can return.
fn codes_of(path: &str) -> BTreeSet<String> {
    let text = text(path);
    let named = text.lines().filter_map(|line| {
        let (_, name) = line.trim().split_once("=> \"")?;
        name.strip_suffix("\",")
    });
    let codes: BTreeSet<String> = named
        .filter(|name| is_code(name))
        .map(str::to_owned)
        .collect();
    assert!(!codes.is_empty(), "{path} has codes");
    codes
}

const RULES: [&str; 3] = [
    "crates/chain/src/verdict.rs",
    "crates/chain/src/block/rule.rs",
    "crates/chain/src/genesis.rs",
];

#[test]
fn the_format_and_the_code_name_the_same_rules() {
    let page = codes_of_the_format();
    let code: BTreeSet<String> = RULES.iter().flat_map(|path| codes_of(path)).collect();
    let unwritten = code
        .difference(&page)
        .map(|code| format!("{code} is not in docs/format.md"));
    let unkept = page
        .difference(&code)
        .map(|code| format!("{code} is in docs/format.md only"));
    law(
        "Every rule, verdict and genesis fault has its line in docs/format.md, and the other way round",
        "whoever implements the page must come to the same verdicts",
        unwritten.chain(unkept).collect(),
    );
}

/// Comments of a file as running text.
fn prose(source: &Source) -> String {
    let lines = source.text.lines().filter_map(|line| {
        let line = line.trim();
        ["///", "//!", "//"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
    });
    words(&lines.collect::<Vec<_>>().join(" "))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sections of the format by their headings.
fn sections() -> Vec<(String, String)> {
    let format = text("docs/format.md");
    let parts = format.split("\n## ").skip(1);
    parts
        .map(|part| {
            let (heading, body) = part.split_once('\n').expect("a section has a body");
            (heading.to_owned(), words(body))
        })
        .collect()
}

/// What stands between the next two quotation marks, and what comes behind.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

/// Whether the parts of a quote, between ellipses, stand in a text one after the other.
fn stands_in(body: &str, quote: &str) -> bool {
    let mut rest = body;
    quote.split('…').map(str::trim).all(|part| {
        let found = rest.find(part);
        rest = found.map_or("", |at| &rest[at + part.len()..]);
        found.is_some()
    })
}

#[test]
fn rules_quote_the_format_to_the_letter() {
    let sections = sections();
    let mut offenders = Vec::new();
    let mut quotes = 0;
    for source in rust()
        .into_iter()
        .filter(|s| s.path.starts_with("crates/chain/src/"))
    {
        let prose = prose(&source);
        for (at, mark) in prose.match_indices("format.md, ") {
            let Some((heading, rest)) = quoted(&prose[at + mark.len()..]) else {
                continue;
            };
            let found = sections.iter().find(|(name, _)| name.starts_with(heading));
            let quote = rest
                .strip_prefix(": ")
                .and_then(quoted)
                .map(|(quote, _)| quote);
            match (found, quote) {
                (None, _) => offenders.push(format!("{}: no section {heading:?}", source.path)),
                (Some((_, body)), Some(quote)) if !stands_in(body, quote) => {
                    offenders.push(format!("{}: not in {heading:?}: {quote:?}", source.path));
                }
                _ => quotes += 1,
            }
        }
    }
    for path in RULES {
        let prose = prose(
            &all()
                .into_iter()
                .find(|s| s.path == path)
                .expect("it is there"),
        );
        let (named, quoted) = (codes_of(path).len(), prose.matches("format.md, \"").count());
        if quoted < named {
            offenders.push(format!(
                "{path}: {named} rules, {quoted} clauses of the format"
            ));
        }
    }
    assert!(quotes > 0, "quotes were found");
    law(
        "Rules quote their clause of docs/format.md, and to the letter",
        "whoever reads a rule must be able to hold it against the page",
        offenders,
    );
}

/// Documents that speak of other people's repositories.
const ABROAD: [&str; 1] = ["docs/style.md"];
const ENDINGS: [&str; 9] = [
    ".md", ".rs", ".py", ".proto", ".toml", ".json", ".yaml", ".yml", ".sh",
];

/// The names of files in a text: with a folder before them, or documents.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || "_-./".contains(c)));
    words
        .map(|word| word.trim_end_matches('.').trim_start_matches("./"))
        .filter(|word| ENDINGS.iter().any(|ending| word.ends_with(ending)))
        .filter(|word| word.contains('/') || word.ends_with(".md"))
        .filter(|word| !word.starts_with('/') && !word.starts_with('.'))
        // A place for the reader's own name.
        .filter(|word| !word.contains("NAME"))
}

#[test]
fn every_file_that_is_named_exists() {
    let all = all();
    let paths: Vec<&str> = all.iter().map(|source| source.path.as_str()).collect();
    let exists = |name: &str| {
        let name = name.trim_start_matches("../");
        let below = format!("/{name}");
        paths
            .iter()
            .any(|path| *path == name || path.ends_with(&below))
    };
    let mut offenders = Vec::new();
    for source in all.iter().filter(|s| !s.path.starts_with("tests/tidy/")) {
        if ABROAD.contains(&source.path.as_str()) {
            continue;
        }
        let text = match source.path.rsplit('.').next() {
            Some("md") => source.text.clone(),
            Some("rs" | "proto") => prose(source),
            Some("py") => comments(&source.text, "#"),
            _ => continue,
        };
        let unknown = names(&text).filter(|name| !exists(name));
        offenders.extend(unknown.map(|name| format!("{}: {name}", source.path)));
    }
    offenders.dedup();
    law(
        "Every file that a document or a comment names exists",
        "a pointer into nothing costs its reader an hour",
        offenders,
    );
}

fn comments(text: &str, mark: &str) -> String {
    let lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(mark));
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_decision_is_in_the_list() {
    let architecture = text("ARCHITECTURE.md");
    let pages = all()
        .into_iter()
        .filter(|s| s.path.starts_with("docs/decisions/"));
    let mut offenders = Vec::new();
    for page in pages {
        if !architecture.contains(&format!("({})", page.path)) {
            offenders.push(format!("{} is not in ARCHITECTURE.md", page.path));
        }
        for part in [
            "# ",
            "## Context",
            "## Decision",
            "## Rejected",
            "## Consequences",
        ] {
            if !page.text.contains(part) {
                offenders.push(format!("{} has no {part:?}", page.path));
            }
        }
    }
    law(
        "Every decision has its page of four parts, and its line in ARCHITECTURE.md",
        "a decision without what was rejected is made again",
        offenders,
    );
}
