//! Who may import whom, and what each room keeps to itself.

use std::collections::{BTreeMap, BTreeSet};

use tidy::{Source, all, dependencies, law, root, rust};

/// What the rules may stand on: arithmetic, hashes, signatures, encodings (JSON for the genesis file). A new name
/// here is a decision.
const CHAIN_STANDS_ON: [&str; 13] = [
    "bech32",
    "bytes",
    "crypto-bigint",
    "ed25519-zebra",
    "hex",
    "prost",
    "rand_chacha",
    "rand_core",
    "serde",
    "serde_json",
    "sha2",
    "strum",
    "thiserror",
];
/// What rules cannot use, as it stands in code.
const IMPURE: [&str; 11] = [
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::time",
    "std::thread",
    "std::process",
    "async fn",
    ".await",
    "f32",
    "f64",
];
/// What a core gets from its shell instead of using it.
const SHELL_ONLY: [&str; 12] = [
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "rand::",
    "rayon",
    "async fn",
    ".await",
];

/// Package, and which of our packages it may depend on: the table of ARCHITECTURE.md.
fn imports() -> BTreeMap<String, Vec<String>> {
    let architecture =
        std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let rows = architecture.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').collect();
        let (room, allowed) = (cells.first()?.trim().trim_end_matches('`'), cells.get(2)?);
        let allowed = allowed.split(',').map(|name| name.trim().to_owned());
        Some((
            room.to_owned(),
            allowed.filter(|name| !name.is_empty()).collect(),
        ))
    });
    let table: BTreeMap<String, Vec<String>> = rows.collect();
    assert!(table.len() > 10, "the table was read");
    table
}

/// Names of all packages of the workspace.
fn ours(manifests: &BTreeMap<String, String>) -> BTreeSet<String> {
    let names = manifests.values().filter_map(|manifest| {
        let (_, rest) = manifest.split_once("[package]\nname = \"")?;
        rest.split('"').next().map(str::to_owned)
    });
    names.collect()
}

fn manifests() -> BTreeMap<String, String> {
    let manifests = all().into_iter().filter_map(|s| {
        s.path
            .strip_suffix("/Cargo.toml")
            .map(|p| (p.to_owned(), s.text))
    });
    manifests.collect()
}

fn mentions(code: &str, word: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| {
        let starts_word = word.starts_with(|c: char| c.is_alphanumeric());
        let ends_word = word.ends_with(|c: char| c.is_alphanumeric());
        (!starts_word || edge(code[..at].chars().next_back()))
            && (!ends_word || edge(code[at + word.len()..].chars().next()))
    })
}

fn offending_lines(source: &Source, words: &[&str]) -> Vec<String> {
    let code = source.shipped();
    let lines = code.lines().enumerate();
    let found = lines.flat_map(|(n, line)| {
        words
            .iter()
            .filter(move |w| mentions(line, w))
            .map(move |w| (n, *w))
    });
    found
        .map(|(n, word)| format!("{}:{}: {word}", source.path, n + 1))
        .collect()
}

/// Lines that go through a hash map or set in its own order, by the names that are declared with such a type.
fn hash_ordered_lines(source: &Source) -> Vec<String> {
    const WALKS: [&str; 8] = [
        "iter",
        "iter_mut",
        "keys",
        "values",
        "values_mut",
        "drain",
        "into_iter",
        "retain",
    ];
    let code = source.shipped();
    let declared = |line: &str| {
        let at = line
            .find("HashMap<")
            .or(line.find("HashSet<"))
            .or(line.find("HashMap::"))
            .or(line.find("HashSet::"))?;
        let before = &line[..line[..at].find([':', '='])?];
        let name = before.trim().rsplit(' ').next()?;
        name.chars()
            .all(|c| c.is_alphanumeric() || c == '_')
            .then(|| name.to_owned())
    };
    let names: Vec<String> = code
        .lines()
        .filter_map(declared)
        .filter(|name| !name.is_empty())
        .collect();
    let walks = |line: &str| {
        names.iter().any(|name| {
            WALKS
                .iter()
                .any(|walk| mentions(line, &format!("{name}.{walk}(")))
                || ["", "&", "&mut ", "self.", "&self.", "&mut self."]
                    .iter()
                    .any(|by| mentions(line, &format!("in {by}{name} {{")))
        })
    };
    let lines = code.lines().enumerate().filter(|(_, line)| walks(line));
    lines
        .map(|(n, line)| format!("{}:{}: {}", source.path, n + 1, line.trim()))
        .collect()
}

#[test]
fn rooms_import_what_the_table_allows() {
    let manifests = manifests();
    let mut offenders = Vec::new();
    let names = ours(&manifests);
    for (package, allowed) in imports() {
        let manifest = manifests
            .get(&package)
            .unwrap_or_else(|| panic!("{package} is a package"));
        let ours = |section: &str| {
            dependencies(manifest, section)
                .into_iter()
                .filter(|d| names.contains(d))
        };
        for name in ours("dependencies").chain(ours("build-dependencies")) {
            if !allowed.contains(&name) {
                offenders.push(format!("{package} depends on {name}"));
            }
        }
        // Tests may use everything; only a service's tests must not need another service.
        let foreign = |d: &String| package.starts_with("services/") && !allowed.contains(d);
        for name in ours("dev-dependencies")
            .filter(|d| d != "harness")
            .filter(foreign)
        {
            offenders.push(format!("{package} tests with {name}"));
        }
    }
    law(
        "Packages import what the table of ARCHITECTURE.md allows; services never import each other",
        "the direction of imports is what keeps rules, transport and services apart",
        offenders,
    );
}

#[test]
fn every_package_is_in_the_table() {
    let shipped =
        |p: &String| p.starts_with("crates/") || p.starts_with("services/") || p == "proto";
    let unknown = manifests()
        .into_keys()
        .filter(shipped)
        .filter(|p| !imports().contains_key(p));
    law(
        "Every package has a row in the import table",
        "a new room needs a decision about its doors",
        unknown.collect(),
    );
}

#[test]
fn every_package_keeps_the_lints() {
    let bare = |manifest: &String| !manifest.contains("[lints]\nworkspace = true");
    let packages = manifests()
        .into_iter()
        .filter(|(_, m)| m.contains("[package]") && bare(m));
    law(
        "Every package inherits the workspace's lints",
        "a package without them is where the exceptions gather",
        packages.map(|(p, _)| p).collect(),
    );
}

#[test]
fn rules_stand_on_arithmetic_alone() {
    let manifests = manifests();
    let manifest = manifests
        .get("crates/chain")
        .expect("the rules have a package");
    let named = dependencies(manifest, "dependencies");
    assert!(!named.is_empty(), "the manifest was read");
    let foreign = named
        .into_iter()
        .filter(|d| !CHAIN_STANDS_ON.contains(&d.as_str()));
    law(
        "chain depends on nothing but arithmetic, hashes, signatures and encodings",
        "rules that can reach a clock, a file or a runtime sooner or later do, and then readers disagree",
        foreign.collect(),
    );
}

#[test]
fn rules_are_pure() {
    let files = rust()
        .into_iter()
        .filter(|s| s.path.starts_with("crates/chain/src/"));
    law(
        "No IO, clock, environment, thread, async, floating point or walk through a hash map in chain",
        "every reader must come to the same verdict from the same bytes, forever",
        files
            .flat_map(|s| [offending_lines(&s, &IMPURE), hash_ordered_lines(&s)].concat())
            .collect(),
    );
}

#[test]
fn cores_leave_the_world_to_their_shells() {
    let rooms = [
        "crates/follow/",
        "services/ingest/",
        "services/miner/",
        "services/ledger/",
    ];
    let is_core = |s: &Source| {
        let inside = rooms
            .iter()
            .find_map(|room| s.path.strip_prefix(&format!("{room}src/")));
        inside.is_some_and(|path| {
            path.ends_with("core.rs") || path.split('/').any(|part| part == "core")
        })
    };
    let cores: Vec<Source> = rust().into_iter().filter(is_core).collect();
    for room in rooms {
        assert!(
            cores.iter().any(|s| s.path.starts_with(room)),
            "{room} has a core.rs"
        );
    }
    law(
        "No tokio, thread, clock, randomness, IO or walk through a hash map in a core",
        "the simulation drives the very code of production, and must be able to replay every race from a seed",
        cores
            .iter()
            .flat_map(|s| [offending_lines(s, &SHELL_ONLY), hash_ordered_lines(s)].concat())
            .collect(),
    );
}

#[test]
fn the_environment_is_named_in_one_place() {
    let files = rust()
        .into_iter()
        .filter(|s| s.is_shipped() && s.stem() != "config");
    let offenders = files.flat_map(|s| {
        offending_lines(
            &s,
            &["env::var", "env::vars", "env::var_os", "env =", "env,"],
        )
    });
    law(
        "Only config.rs names an environment variable",
        "whoever runs a service must find every setting in one flat, documented struct",
        offenders.collect(),
    );
}

#[test]
fn one_file_per_service_turns_errors_into_codes() {
    let shipped =
        |s: &Source| s.path.starts_with("services/") && s.is_shipped() && s.stem() != "errors";
    let files = rust().into_iter().filter(shipped);
    let offenders = files.flat_map(|s| offending_lines(&s, &["Code::"]));
    law(
        "Only errors.rs of a service names a gRPC code",
        "codes and reasons are a promise to clients: one table of them can be read and kept, scattered ones cannot",
        offenders.collect(),
    );
}

/// Words in capitals in the code of services that are no reasons.
const NO_REASONS: [&str; 7] = [
    "ADDRESS",
    "CARGO_PKG_VERSION",
    "ERROR",
    "INFO",
    "SIGINT",
    "SIGTERM",
    "WARN",
];

/// Words in capitals that stand in quotes in shipped code, each with its line.
fn quoted_capitals(source: &Source) -> Vec<(usize, String)> {
    let shipped = source.text.split("#[cfg(test)]").next();
    let lines = shipped.unwrap_or_default().lines().enumerate();
    let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
    let quoted = code.flat_map(|(n, line)| line.split('"').skip(1).step_by(2).map(move |w| (n, w)));
    let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    quoted
        .filter(|(_, word)| word.len() > 3 && word.chars().all(capital))
        .map(|(n, word)| (n + 1, word.to_owned()))
        .collect()
}

#[test]
fn reasons_are_those_of_the_contract() {
    let is_contract = |s: &Source| s.path == "proto/src/reason.rs";
    let contract = rust().into_iter().find(is_contract).expect("it is there");
    let (constants, all) = contract.text.split_once("ALL: ").expect("they are listed");
    let constant = |line: &str| {
        let (name, value) = line.strip_prefix("pub const ")?.split_once(": &str = ")?;
        (name != "DOMAIN").then(|| (name.to_owned(), value.trim_matches(['"', ';']).to_owned()))
    };
    let reasons: BTreeMap<String, String> = constants.lines().filter_map(constant).collect();
    assert!(reasons.len() > 20, "the reasons were read");
    let mut offenders = Vec::new();
    for (name, value) in &reasons {
        if name != value || !mentions(all, name) {
            offenders.push(format!(
                "{}: {name} is {value}, or not in ALL",
                contract.path
            ));
        }
    }
    // kit knows no contract, so it writes the reasons out.
    let rooms = ["crates/kit/src/", "services/"];
    let answers = |s: &Source| rooms.iter().any(|room| s.path.starts_with(room));
    for source in rust().into_iter().filter(|s| answers(s) && s.is_shipped()) {
        let words = match source.stem() {
            "config" => Vec::new(),
            _ => quoted_capitals(&source),
        };
        let in_kit = source.path.starts_with(rooms[0]);
        let known = |word: &String| {
            NO_REASONS.contains(&word.as_str()) || (in_kit && reasons.contains_key(word))
        };
        let foreign = words.into_iter().filter(|(_, word)| !known(word));
        offenders.extend(foreign.map(|(n, word)| format!("{}:{n}: {word}", source.path)));
    }
    law(
        "Every stable reason of an error or of readiness is a constant of proto::reason, which services name",
        "what is in no list can neither be explained nor kept",
        offenders,
    );
}

/// What the core of the ledger stands on, beside its own files.
const LEDGER_CORE_STANDS_ON: [&str; 10] = [
    "std",
    "bytes",
    "thiserror",
    "chain",
    "engine",
    "follow",
    "journal",
    "topics",
    "proto",
    "model",
];

#[test]
fn the_core_of_the_ledger_knows_its_model_and_not_its_index() {
    let core = |s: &Source| {
        s.path == "services/ledger/src/core.rs" || s.path.starts_with("services/ledger/src/core/")
    };
    let mut offenders = Vec::new();
    let mut imports = 0;
    for source in rust().into_iter().filter(core) {
        for line in source.shipped().lines() {
            let line = line.trim();
            let path = line.strip_prefix("use ").or(line.strip_prefix("pub use "));
            let Some(path) = path else { continue };
            imports += 1;
            let path = path.strip_prefix("crate::").unwrap_or(path);
            let first = path.split([':', ';', ' ', '{']).next().unwrap_or_default();
            let own = ["self", "super", "core"].contains(&first);
            let child =
                path.split("::").count() > 1 && source.code().contains(&format!("mod {first};"));
            if !own && !child && !LEDGER_CORE_STANDS_ON.contains(&first) {
                offenders.push(format!("{}: {line}", source.path));
            }
        }
    }
    assert!(imports > 20, "the core was read");
    law(
        "The core of the ledger names the rules, the follower, its model, and nothing else",
        "a core that knows its index is pure by accident",
        offenders,
    );
}

#[test]
fn walks_through_hash_maps_are_found() {
    let text = "//! x\nstruct A {\n    by_name: HashMap<u8, u8>,\n}\nfn f(a: &A) {\n    for x in &a.by_name {\n    }\n    \
        a.by_name.get(&1);\n    a.by_name.keys();\n    let mut seen = HashSet::new();\n    for y in &seen {\n    }\n}\n";
    let source = Source {
        path: "a.rs".to_owned(),
        text: text.to_owned(),
    };
    let found: Vec<String> = hash_ordered_lines(&source);
    assert_eq!(
        found,
        ["a.rs:9: a.by_name.keys();", "a.rs:11: for y in &seen {"]
    );
}
