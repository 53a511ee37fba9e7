//! Which file of a crate names which other, and which file is reached from the crate's root.

use std::collections::{BTreeMap, BTreeSet};

use crate::Source;

/// The shipped files of one crate by the path of their module, such as `core::queue`; the root is empty.
pub struct Crate {
    files: BTreeMap<Vec<String>, Source>,
    imports: BTreeMap<Vec<String>, Vec<Vec<String>>>,
}

/// How far re-exports are followed.
const DEEPEST: usize = 8;

impl Crate {
    /// The crate in a folder such as `crates/chain`.
    pub fn at(folder: &str, all: impl IntoIterator<Item = Source>) -> Crate {
        let prefix = format!("{folder}/src/");
        let mut files = BTreeMap::new();
        for source in all {
            let module = source.path.strip_prefix(&prefix).and_then(module);
            if let Some(module) = module {
                files.insert(module, source);
            }
        }
        let imports = files
            .iter()
            .map(|(module, source)| (module.clone(), paths(&source.shipped())))
            .collect();
        Crate { files, imports }
    }

    /// File by file the others that it takes names from. A file that merely declares a module or hands its names on does not.
    pub fn edges(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, paths) in &self.imports {
            let named = paths.iter().filter(|path| !is_reexport(path));
            for path in named {
                let Some(target) = self.resolve(module, path, 0) else {
                    continue;
                };
                if target != *module {
                    let from = self.files[module].path.clone();
                    edges
                        .entry(from)
                        .or_default()
                        .insert(self.files[&target].path.clone());
                }
            }
        }
        edges
    }

    /// The groups of files that name each other in a loop, each sorted.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let edges = self.edges();
        let reach: BTreeMap<&String, BTreeSet<&String>> = edges
            .keys()
            .map(|from| (from, reached(&edges, from)))
            .collect();
        let mut circles = BTreeSet::new();
        for (from, reached) in &reach {
            let mutual = reached
                .iter()
                .filter(|to| reach.get(*to).is_some_and(|back| back.contains(from)));
            let mut circle: Vec<String> = mutual.map(|to| (*to).clone()).collect();
            if !circle.is_empty() {
                circle.push((*from).clone());
                circle.sort();
                circle.dedup();
                if circle.len() > 1 {
                    circles.insert(circle);
                }
            }
        }
        circles.into_iter().collect()
    }

    /// Files that no `mod` line leads to.
    pub fn dead(&self) -> Vec<String> {
        let declared = |module: &Vec<String>| {
            let Some((name, parent)) = module.split_last() else {
                return true;
            };
            if name == "main" || parent.first().is_some_and(|first| first == "bin") {
                return true;
            }
            let parents = [
                Some(parent.to_vec()),
                parent.is_empty().then(|| vec!["main".into()]),
            ];
            parents.into_iter().flatten().any(|parent| {
                self.files
                    .get(&parent)
                    .is_some_and(|parent| declares(&parent.code(), name))
            })
        };
        self.files
            .iter()
            .filter(|(module, _)| !declared(module))
            .map(|(_, source)| source.path.clone())
            .collect()
    }

    /// The file that defines what a path names.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        if depth > DEEPEST {
            return None;
        }
        let path = path.strip_prefix(&["pub".to_owned()][..]).unwrap_or(path);
        let (first, mut rest) = path.split_first()?;
        let mut at = from.to_vec();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => drop(at.pop()),
            _ if self.files.contains_key(&child(from, first)) => at.push(first.clone()),
            _ => return None,
        }
        while let Some((next, more)) = rest.split_first() {
            match next.as_str() {
                "super" => drop(at.pop()),
                _ if self.files.contains_key(&child(&at, next)) => at.push(next.clone()),
                _ => break,
            }
            rest = more;
        }
        let name = rest.first();
        let handed_on = name.and_then(|name| {
            let paths = self.imports.get(&at)?.iter();
            let source = paths
                .filter(|path| is_reexport(path))
                .find(|path| path.last() == Some(name))?;
            self.resolve(&at, source, depth + 1)
        });
        handed_on.or_else(|| self.files.contains_key(&at).then_some(at))
    }
}

fn child(parent: &[String], name: &str) -> Vec<String> {
    [parent, &[name.to_owned()]].concat()
}

fn is_reexport(path: &[String]) -> bool {
    path.first().is_some_and(|first| first == "pub")
}

fn reached<'a>(
    edges: &'a BTreeMap<String, BTreeSet<String>>,
    from: &'a String,
) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    let mut todo = vec![from];
    while let Some(next) = todo.pop() {
        for to in edges.get(next).into_iter().flatten() {
            if seen.insert(to) {
                todo.push(to);
            }
        }
    }
    seen
}

/// `core/queue.rs` is `core::queue`, `lib.rs` the root.
fn module(path: &str) -> Option<Vec<String>> {
    let path = path.strip_suffix(".rs")?;
    if path == "lib" {
        return Some(Vec::new());
    }
    Some(path.split('/').map(str::to_owned).collect())
}

fn declares(code: &str, name: &str) -> bool {
    code.lines().any(|line| {
        let line = line.trim();
        let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line == format!("mod {name};")
    })
}

/// All paths that begin in the crate, those of `pub use` marked by a first segment `pub`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut inline = String::new();
    let mut rest = code;
    while let Some(at) = next_use(rest) {
        inline.push_str(&rest[..at]);
        let statement = &rest[at..];
        let end = statement.find(';').unwrap_or(statement.len());
        let handed_on = inline.trim_end().ends_with("pub");
        for mut path in expand(&statement["use ".len()..end]) {
            if handed_on {
                path.insert(0, "pub".to_owned());
            }
            found.push(path);
        }
        rest = &statement[end..];
    }
    inline.push_str(rest);
    found.extend(inline_paths(&inline));
    found
}

fn next_use(code: &str) -> Option<usize> {
    let starts = code.match_indices("use ");
    starts
        .map(|(at, _)| at)
        .find(|at| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// `a::{b, c::{d, self}}` is a::b, a::c::d, a::c.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let name = tree.split(" as ").next().unwrap_or_default();
        let segments = name.split("::").map(|s| s.trim().to_owned());
        return vec![segments.filter(|s| !s.is_empty()).collect()];
    };
    let prefix: Vec<String> = tree[..open]
        .split("::")
        .map(|s| s.trim().to_owned())
        .filter(|s| !s.is_empty())
        .collect();
    let close = tree.rfind('}').unwrap_or(tree.len());
    let parts = split_at_commas(&tree[open + 1..close]);
    let expanded = parts.iter().flat_map(|part| expand(part));
    expanded
        .map(|mut path| {
            if path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            [prefix.clone(), path].concat()
        })
        .collect()
}

fn split_at_commas(list: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in list.chars() {
        match c {
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        parts.last_mut().expect("never empty").push(c);
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Paths in code that begin with `crate::`, `super::` or `self::`.
fn inline_paths(code: &str) -> Vec<Vec<String>> {
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    words
        .filter(|word| {
            ["crate::", "super::", "self::"]
                .iter()
                .any(|start| word.starts_with(start))
        })
        .map(|word| {
            word.split("::")
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    //! Small crates.

    use super::*;

    fn small(files: &[(&str, &str)]) -> Crate {
        let sources = files.iter().map(|(path, text)| Source {
            path: format!("crates/x/src/{path}"),
            text: (*text).to_owned(),
        });
        Crate::at("crates/x", sources.collect::<Vec<_>>())
    }

    #[test]
    fn circles_are_found_through_braces_and_reexports() {
        let found = small(&[
            (
                "lib.rs",
                "mod a; mod b; mod c;\npub use crate::b::{B, Other as O};\n",
            ),
            ("a.rs", "use crate::{c::C, B};\n"),
            ("b.rs", "fn f() { super::a::g() }\n"),
            ("c.rs", "use std::fmt;\n"),
        ]);
        assert_eq!(
            found.circles(),
            [[
                "crates/x/src/a.rs".to_owned(),
                "crates/x/src/b.rs".to_owned()
            ]]
        );
    }

    #[test]
    fn a_file_without_a_mod_line_is_dead() {
        let found = small(&[
            ("lib.rs", "pub mod a;\n"),
            ("a.rs", "mod b;\n"),
            ("a/b.rs", ""),
            ("a/c.rs", ""),
            ("main.rs", ""),
        ]);
        assert_eq!(found.dead(), ["crates/x/src/a/c.rs"]);
    }
}
