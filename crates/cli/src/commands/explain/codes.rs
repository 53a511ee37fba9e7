//! The codes that are explained, from `codes.txt`.

/// One code.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub code: &'static str,
    pub kind: &'static str,
    pub meaning: &'static str,
    pub who: &'static str,
    pub action: &'static str,
}

/// Every code, in the order of the file.
pub fn all() -> Vec<Entry> {
    let (mut entries, mut kind) = (Vec::new(), "");
    for line in include_str!("codes.txt").lines() {
        if let Some(header) = line.strip_prefix('[') {
            kind = header.trim_end_matches(']');
        } else if !line.is_empty() && !line.starts_with('#') {
            let mut parts = line.split(" | ");
            let mut part = || parts.next().expect("four parts a line");
            entries.push(Entry {
                code: part(),
                kind,
                meaning: part(),
                who: part(),
                action: part(),
            });
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use chain::{Verdict, block, genesis};
    use strum::IntoEnumIterator;

    use super::*;

    fn codes(kind: &str) -> Vec<&'static str> {
        all()
            .into_iter()
            .filter(|entry| entry.kind == kind)
            .map(|entry| entry.code)
            .collect()
    }

    #[test]
    fn every_rule_of_the_chain_is_explained() {
        let same = |kind, mut expected: Vec<&str>| {
            let mut listed = codes(kind);
            listed.sort_unstable();
            expected.sort_unstable();
            assert_eq!(listed, expected, "{kind}");
        };
        same("verdict", Verdict::iter().map(Verdict::code).collect());
        same(
            "block rule",
            block::Rule::iter().map(block::Rule::code).collect(),
        );
        same(
            "genesis rule",
            genesis::Fault::iter().map(genesis::Fault::code).collect(),
        );
    }

    #[test]
    fn every_reason_of_the_contract_is_explained() {
        let mut listed = codes("error");
        let mut expected = proto::reason::ALL.to_vec();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected);
    }
}
