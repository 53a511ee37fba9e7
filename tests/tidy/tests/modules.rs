//! How the files of a crate hang together.

use std::collections::{BTreeMap, BTreeSet};

use tidy::{Crate, Source, all, dependencies, law, rust};

fn packages() -> Vec<String> {
    let manifests = all().into_iter().filter_map(|source| {
        let folder = source.path.strip_suffix("/Cargo.toml")?.to_owned();
        source.text.contains("[package]").then_some(folder)
    });
    manifests.collect()
}

fn crates() -> Vec<Crate> {
    let sources = rust();
    packages()
        .iter()
        .map(|folder| Crate::at(folder, sources.iter().cloned()))
        .collect()
}

#[test]
fn files_name_each_other_in_no_circle() {
    let circles = crates().iter().flat_map(Crate::circles).collect::<Vec<_>>();
    law(
        "Files of a crate name each other in no circle",
        "a knot of files has to be read as one file",
        circles.iter().map(|circle| circle.join(", ")).collect(),
    );
}

#[test]
fn every_file_is_reached() {
    law(
        "A `mod` line leads to every file below src",
        "what no compiler reads rots",
        crates().iter().flat_map(Crate::dead).collect(),
    );
}

const SECTIONS: [&str; 4] = [
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "target.'cfg(unix)'.dependencies",
];
/// Dependencies that are there for more than their names: features, or code that macros write.
const TACIT: [&str; 1] = ["tonic-prost"];

#[test]
fn every_dependency_is_used() {
    let sources = rust();
    let mut offenders = Vec::new();
    let mut named = BTreeSet::new();
    let mut manifest = String::new();
    for source in all().into_iter().filter(|s| s.path.ends_with("Cargo.toml")) {
        let Some(folder) = source.path.strip_suffix("/Cargo.toml") else {
            manifest = source.text;
            continue;
        };
        let inside: Vec<&Source> = sources
            .iter()
            .filter(|s| s.path.starts_with(&format!("{folder}/")))
            .collect();
        for section in SECTIONS {
            for name in dependencies(&source.text, section) {
                let word = name.replace('-', "_");
                let used = inside.iter().any(|s| uses(&s.text, &word));
                if !used && !TACIT.contains(&name.as_str()) {
                    offenders.push(format!("{}: {name} in [{section}]", source.path));
                }
                named.insert(name);
            }
        }
    }
    let shared = dependencies(&manifest, "workspace.dependencies");
    assert!(shared.len() > 20, "the workspace's manifest was read");
    let idle = shared.into_iter().filter(|name| !named.contains(name));
    offenders.extend(idle.map(|name| format!("Cargo.toml: {name} is used by no package")));
    law(
        "Every dependency is used",
        "what nobody uses is built, audited and updated for nothing",
        offenders,
    );
}

fn uses(text: &str, word: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        edge(text[..at].chars().next_back()) && edge(text[at + word.len()..].chars().next())
    })
}

/// Names of public types that more than one of the lower crates has. This list may only shrink. `Error`, `Core` and `State` are
/// named with their module.
const HOMONYMS: [&str; 6] = ["Core", "Entry", "Error", "Fault", "Record", "State"];

#[test]
fn one_public_type_has_one_name() {
    let rooms = ["chain", "journal", "topics", "follow", "engine"];
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in rust() {
        let ours = rooms
            .iter()
            .any(|room| source.path.starts_with(&format!("crates/{room}/src/")));
        if !ours {
            continue;
        }
        for name in source.shipped().lines().filter_map(public_type) {
            homes.entry(name).or_default().push(source.path.clone());
        }
    }
    let gone = HOMONYMS
        .iter()
        .filter(|name| homes.get(**name).is_none_or(|paths| paths.len() < 2))
        .map(|name| format!("{name} stands once, take it out of the list"));
    let gone: Vec<String> = gone.collect();
    let several = homes
        .into_iter()
        .filter(|(name, paths)| paths.len() > 1 && !HOMONYMS.contains(&name.as_str()));
    law(
        "No two public types of chain, journal, topics, follow and engine have one name, but for those listed",
        "a word that means two things has to be looked up each time",
        several
            .map(|(name, paths)| format!("{name}: {}", paths.join(", ")))
            .chain(gone)
            .collect(),
    );
}

fn public_type(line: &str) -> Option<String> {
    let kind = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
    let rest = kind.iter().find_map(|kind| line.strip_prefix(kind))?;
    let end = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}
