//! Who asks for more than the rules say: `--deny-advisories` and `build.warnings`.

use super::Facts;
use crate::advisory::Kind;
use crate::check::Finding;
use crate::graph::Scope;
use crate::index::Verify;

/// Who asked for more than the rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Nobody.
    #[default]
    Rules,
    /// `build.warnings = "deny"`: what would have warned is denied.
    DenyWarnings,
    /// `--deny-advisories`: what would have warned and is selected is denied, and "could not check" is an error too.
    DenyAdvisories(Selection),
}

impl Strictness {
    /// How much of an index has to be sound. What is read is verified as it is read; a denial takes no index that is
    /// damaged anywhere.
    pub fn verify(&self) -> Verify {
        match self {
            Strictness::DenyAdvisories(_) => Verify::All,
            Strictness::Rules | Strictness::DenyWarnings => Verify::Used,
        }
    }

    /// What a change is compared with, where only what is new is to be denied.
    pub fn since(&self) -> Option<&Since> {
        match self {
            Strictness::DenyAdvisories(selection) => selection.new.as_ref(),
            Strictness::Rules | Strictness::DenyWarnings => None,
        }
    }

    /// Whether `--deny-advisories` was given.
    pub fn is_denial(&self) -> bool {
        matches!(self, Strictness::DenyAdvisories(_))
    }
}

/// The value of `--deny-advisories`: which findings it denies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// As it was typed. Empty for the bare flag.
    pub typed: String,
    /// Any of these. None of them stands for all.
    pub kinds: Vec<Kind>,
    /// Those with a remedy.
    pub fixable: bool,
    /// Those of packages that are compiled into what is built. Where that is not known all count as such.
    pub runtime: bool,
    /// Those that a change brought in.
    pub new: Option<Since>,
}

/// What a change is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// A branch, a tag or a commit. None for the remote's default branch.
    pub base: Option<String>,
}

/// Why `--deny-advisories=...` leaves a finding as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unselected {
    Kind,
    Unfixable,
    NotRuntime,
    Old,
}

impl Selection {
    /// Whether `finding` is among the selected. The first reason against it is told.
    pub(super) fn select(
        &self,
        finding: &Finding<'_>,
        facts: &Facts<'_>,
    ) -> Result<(), Unselected> {
        if !self.kinds.is_empty() && !self.kinds.contains(&finding.kind) {
            return Err(Unselected::Kind);
        }
        if self.runtime && !is_runtime(finding) {
            return Err(Unselected::NotRuntime);
        }
        if self.new.is_some() && !(facts.new)(finding) {
            return Err(Unselected::Old);
        }
        if self.fixable && !(facts.fixable)(finding) {
            return Err(Unselected::Unfixable);
        }
        Ok(())
    }
}

/// Whether the package is compiled into what is built, as far as is known.
pub(super) fn is_runtime(finding: &Finding<'_>) -> bool {
    let usage = finding.package.usage;
    usage.is_none_or(|usage| usage.scope == Scope::Runtime)
}
