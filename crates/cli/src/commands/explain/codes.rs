//! The explained codes, from `codes.txt`.

use chain::Verdict;

/// One code.
#[derive(Clone, Debug)]
pub struct Entry {
    pub code: &'static str,
    pub kind: &'static str,
    pub meaning: String,
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
            let (code, text) = (part(), part());
            let verdict = (kind == "verdict").then(|| verdict(code)).flatten();
            entries.push(Entry {
                code,
                kind,
                meaning: verdict.map_or("", Verdict::meaning).to_owned() + text,
                who: part(),
                action: part(),
            });
        }
    }
    entries
}

fn verdict(code: &str) -> Option<Verdict> {
    let mut verdicts = (0..=u8::MAX).map_while(Verdict::from_byte);
    verdicts.find(|verdict| verdict.code() == code)
}

#[cfg(test)]
mod tests {
    use chain::{block, genesis};
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
    fn every_code_has_a_meaning() {
        for entry in all() {
            let Entry { code, meaning, .. } = &entry;
            assert!(meaning.len() > 5, "{code}: {meaning:?}");
        }
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
