//! The laws of the code base, as tests: this is what they are checked with, `tests/` has the laws.
//!
//! Checks are textual, on code as rustfmt leaves it, with comments and string contents taken out where a law
//! speaks of code. They find what people write, not what somebody could hide.

use std::fs;
use std::path::{Path, PathBuf};

mod code;

pub use code::blank;

/// What holds nothing that people wrote.
const SKIPPED: [&str; 6] = [
    "target",
    ".git",
    "node_modules",
    "__pycache__",
    "blocklog-data",
    "ledger-data",
];

/// One text file of the repository.
pub struct Source {
    /// Relative to the root, with `/`.
    pub path: String,
    /// As it stands.
    pub text: String,
}

impl Source {
    /// The text with comments and the contents of strings replaced by spaces; lines stay where they are.
    pub fn code(&self) -> String {
        blank(&self.text)
    }

    /// [`Source::code`] up to the tests inside the file, which rustfmt and custom put last.
    pub fn shipped(&self) -> String {
        let code = self.code();
        code.split("#[cfg(test)]")
            .next()
            .unwrap_or_default()
            .to_owned()
    }

    /// The name without folder and ending.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// Whether it is shipped: part of a library or a binary, not of tests, examples or the build.
    pub fn is_shipped(&self) -> bool {
        let part = |name: &str| self.path.split('/').any(|p| p == name);
        part("src") && !self.path.starts_with("tests/") && !part("tests") && !part("examples")
    }
}

/// The top folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("this crate lies two folders deep")
}

/// All text files, in order of their paths.
pub fn all() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 20, "the walk found the repository");
    found
}

/// All Rust files.
pub fn rust() -> Vec<Source> {
    all()
        .into_iter()
        .filter(|source| source.path.ends_with(".rs"))
        .collect()
}

/// Fails with the law's reason when something breaks it.
///
/// # Panics
/// When `offenders` is not empty.
pub fn law(what: &str, why: &str, offenders: Vec<String>) {
    assert!(
        offenders.is_empty(),
        "\n{what}\n  because {why}.\n  Broken by:\n    {}\n",
        offenders.join("\n    ")
    );
}

/// Names of the dependencies in one section of a manifest, such as `dependencies` or `dev-dependencies`.
pub fn dependencies(manifest: &str, section: &str) -> Vec<String> {
    let header = format!("[{section}]");
    let inside = manifest
        .lines()
        .skip_while(|line| line.trim() != header)
        .skip(1);
    inside
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().split('.').next().unwrap_or_default().to_owned())
        .collect()
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder)
        .expect("a folder of the repository can be listed")
        .flatten()
    {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        // In a work tree of Git's, `.git` is a file.
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).expect("the walk began at the root");
            found.push(Source {
                path: relative.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
}
