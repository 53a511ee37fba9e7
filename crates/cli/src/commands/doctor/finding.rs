//! What the doctor finds.

use crate::chains::Served;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Ok,
    /// A risk.
    Warning,
    /// Must be mended.
    Fault,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    pub level: Level,
    pub what: String,
    pub fix: String,
}

impl Finding {
    /// As it should be.
    pub fn ok(what: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            what: what.into(),
            fix: String::new(),
        }
    }

    /// A risk.
    pub fn warning(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// Must be mended.
    pub fn fault(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            level: Level::Fault,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// A fault in production, a risk elsewhere.
    pub fn risk(production: bool, what: impl Into<String>, fix: impl Into<String>) -> Self {
        if production {
            Self::fault(what, fix)
        } else {
            Self::warning(what, fix)
        }
    }
}

/// What was found, and which chain was found where.
#[derive(Debug, Default)]
pub struct Looked {
    pub findings: Vec<Finding>,
    pub served: Vec<Served>,
}

impl Looked {
    /// Adds one.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}
