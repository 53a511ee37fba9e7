//! Findings of the doctor.

use crate::chains::Served;

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Healthy.
    Ok,
    /// A risk.
    Warning,
    /// Must be fixed.
    Fault,
}

/// The result of one check.
#[derive(Clone, Debug)]
pub struct Finding {
    pub level: Level,
    pub what: String,
    pub fix: String,
}

impl Finding {
    /// A healthy result.
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

    /// A fault that must be fixed.
    pub fn fault(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            level: Level::Fault,
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// A fault in production, otherwise a risk.
    pub fn risk(production: bool, what: impl Into<String>, fix: impl Into<String>) -> Self {
        if production {
            Self::fault(what, fix)
        } else {
            Self::warning(what, fix)
        }
    }
}

/// All findings, and the chain of each service.
#[derive(Debug, Default)]
pub struct Diagnosis {
    pub findings: Vec<Finding>,
    pub served: Vec<Served>,
}

impl Diagnosis {
    /// Adds a finding.
    pub fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}
