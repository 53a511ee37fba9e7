//! What the whole repository keeps to, code or not.

use tidy::{Source, all, law, root};

/// Hosts of package registries, and places on somebody's machine. (Namespaces of XML are names, not hosts.)
const FOREIGN: [&str; 14] = [
    "/work/main",
    "/work/shared",
    "/work/.",
    "/root/",
    "/home/",
    "registry.npmjs.org",
    "static.crates.io",
    "index.crates.io",
    "proxy.golang.org",
    "sum.golang.org",
    "repo.maven.apache.org",
    "repo1.maven.org",
    "files.pythonhosted.org",
    "deb.debian.org",
];

#[test]
fn files_name_no_machine_and_no_registry() {
    let mut offenders = Vec::new();
    let skipped = |s: &Source| s.path == "Cargo.lock" || s.path.starts_with("tests/tidy/");
    for source in all().into_iter().filter(|s| !skipped(s)) {
        for (number, line) in source.text.lines().enumerate() {
            for word in FOREIGN.iter().filter(|word| line.contains(**word)) {
                offenders.push(format!("{}:{}: {word}", source.path, number + 1));
            }
        }
    }
    law(
        "No machine's paths and no registry's host in a file",
        "it must build wherever the toolchains and their configured registries are",
        offenders,
    );
}

#[test]
fn ci_keeps_the_contract_of_the_protos() {
    let run = std::fs::read_to_string(root().join(".ci/run")).expect(".ci/run is there");
    let missing = ["buf lint", "buf format", "buf breaking", "clippy", "fmt"]
        .iter()
        .filter(|verb| !run.contains(**verb));
    law(
        ".ci/run lints, formats and compares the protos, and lints and formats the code",
        "a contract that nobody compares is broken by accident",
        missing
            .map(|verb| format!(".ci/run lacks `{verb}`"))
            .collect(),
    );
}

#[test]
fn just_and_ci_know_the_same_verbs() {
    let justfile = std::fs::read_to_string(root().join("justfile")).expect("the justfile is there");
    let has = |verb: &&str| {
        !justfile
            .lines()
            .any(|line| line.starts_with(*verb) && line[verb.len()..].contains(':'))
    };
    let missing = [
        "fmt", "lint", "build", "test", "e2e", "bench", "kills", "ci",
    ]
    .into_iter()
    .filter(|v| has(v));
    law(
        "The justfile has the verbs that CI runs",
        "what cannot be run the same way at home is debugged by pushing",
        missing.map(str::to_owned).collect(),
    );
}
