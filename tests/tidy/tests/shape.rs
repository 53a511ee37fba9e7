//! The shape of files and functions.

use tidy::{Source, law, rust};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const MAIN_LINES: usize = 25;
const VAGUE: [&str; 8] = [
    "util", "utils", "common", "helper", "helpers", "misc", "manager", "managers",
];

#[test]
fn every_file_opens_with_its_purpose() {
    let offenders = rust()
        .into_iter()
        .filter(|s| !s.text.starts_with("//! "))
        .map(|s| s.path)
        .collect();
    law(
        "Every Rust file opens with `//! `",
        "a reader who lands in the middle of the tree must learn from the first line what the file is for",
        offenders,
    );
}

#[test]
fn files_are_short() {
    let long = rust()
        .into_iter()
        .filter(|s| s.text.lines().count() > FILE_LINES);
    law(
        &format!("A Rust file has at most {FILE_LINES} lines (260 wanted)"),
        "a file that does not fit in one's head is where orchestrators and rules grow together",
        long.map(|s| format!("{} ({} lines)", s.path, s.text.lines().count()))
            .collect(),
    );
}

#[test]
fn functions_are_short() {
    let mut offenders = Vec::new();
    for source in rust() {
        let text = source.code();
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| opens_function(line))
        {
            let length = function_length(&lines[start..]);
            if length > FUNCTION_LINES {
                offenders.push(format!(
                    "{}:{} ({length} lines): {}",
                    source.path,
                    start + 1,
                    line.trim()
                ));
            }
        }
    }
    law(
        &format!("A function has at most {FUNCTION_LINES} lines"),
        "it must fit on one screen: whoever checks it has to see all of it at once",
        offenders,
    );
}

/// Whether a line of formatted code begins a function.
fn opens_function(line: &str) -> bool {
    let words = line
        .split_whitespace()
        .take_while(|word| !word.contains('{') && !word.contains(';'));
    let mut words = words.skip_while(|word| {
        word.starts_with("pub")
            || matches!(
                *word,
                "async" | "const" | "unsafe" | "extern" | "default" | "in"
            )
    });
    words.next() == Some("fn")
}

/// Lines up to the first one that closes at the indentation at which the function began, as rustfmt writes it.
fn function_length(lines: &[&str]) -> usize {
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let own = indentation(lines[0]);
    let ends_here = |line: &str| line.trim_end().ends_with([';', '}']);
    if ends_here(lines[0]) {
        return 1;
    }
    let end = lines[1..]
        .iter()
        .position(|line| indentation(line) == own && ends_here(line));
    end.map_or(lines.len(), |n| n + 2)
}

#[test]
fn modules_are_files_beside_their_folder() {
    let offenders = rust()
        .into_iter()
        .filter(|s| s.path.ends_with("/mod.rs"))
        .map(|s| s.path)
        .collect();
    law(
        "A module is `foo.rs` with `foo/`, never `mod.rs`",
        "twenty editor tabs named mod.rs tell nobody anything",
        offenders,
    );
}

/// Lines that say of a module that its file lies elsewhere.
fn moved_modules(source: &Source) -> Vec<String> {
    let code = source.code();
    let lines = (1..).zip(code.lines());
    let moved = lines.filter(|(_, line)| line.trim_start().starts_with("#[path"));
    moved
        .map(|(number, _)| format!("{}:{number}", source.path))
        .collect()
}

#[test]
fn modules_lie_where_their_names_say() {
    law(
        "No module has a `#[path]`",
        "a file that two binaries compile belongs to neither; what they share is a `testing` feature of its owner",
        rust().iter().flat_map(moved_modules).collect(),
    );
}

#[test]
fn modules_that_lie_elsewhere_are_found() {
    let source = Source {
        path: "a.rs".to_owned(),
        text: "mod a;\n// #[path = \"c.rs\"]\n#[path = \"b/c.rs\"]\nmod c;\n".to_owned(),
    };
    assert_eq!(moved_modules(&source), ["a.rs:3"]);
}

#[test]
fn names_are_nouns_of_the_trade() {
    let mut offenders = Vec::new();
    for source in rust() {
        if source
            .path
            .trim_end_matches(".rs")
            .split('/')
            .any(|part| VAGUE.contains(&part))
        {
            offenders.push(source.path.clone());
        }
        let inline = source.code();
        let modules = inline
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("pub ").strip_prefix("mod "));
        for name in modules
            .map(|m| m.trim_end_matches([' ', '{', ';', '}']))
            .filter(|m| VAGUE.contains(m))
        {
            offenders.push(format!("{}: mod {name}", source.path));
        }
    }
    law(
        "No module is named util(s), common, helper(s), misc or manager",
        "such a name says nothing, so everything ends up in there",
        offenders,
    );
}

#[test]
fn main_is_a_page_one_can_recite() {
    let long = rust()
        .into_iter()
        .filter(|s| s.path.ends_with("src/main.rs") && !s.path.starts_with("tests/"));
    law(
        &format!("main.rs has at most {MAIN_LINES} lines"),
        "mains only call `run`, which the all-in-one and the tests call too",
        long.filter(|s| s.text.lines().count() > MAIN_LINES)
            .map(|s| s.path)
            .collect(),
    );
}

#[test]
fn nothing_is_left_unfinished() {
    let mut offenders = Vec::new();
    for source in rust()
        .into_iter()
        .filter(|s| !s.path.starts_with("tests/tidy/"))
    {
        let code = source.code();
        for (number, (line, code)) in source.text.lines().zip(code.lines()).enumerate() {
            let stub = code.contains("todo!(") || code.contains("unimplemented!(");
            if stub || line.contains("FIXME") || line.contains("XXX") {
                offenders.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    law(
        "No todo!, unimplemented!, FIXME or XXX",
        "what is not there answers UNIMPLEMENTED to its caller instead of ending the process",
        offenders,
    );
}
