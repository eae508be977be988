//! `--deny-advisories`: who asks for a denial, and what a denial cannot do without.

use anyhow::{anyhow, bail};
use cargo::util::command_prelude::flag as cargo_flag;
use cargo::util::context::WarningHandling;
use cargo::{CargoResult, GlobalContext};
use clap::Arg;

use crate::config::Config;
use crate::policy::{Policy, Strictness};
use crate::problem::Problem;

/// The flag that turns every warning into a denial.
pub const FLAG: &str = "deny-advisories";

/// [`FLAG`] as every command that has it shows it.
pub fn flag() -> Arg {
    cargo_flag(FLAG, "Fail if a dependency has an advisory or is yanked")
}

/// Who asks for denial. `given` tells whether the flag was.
///
/// # Errors
///
/// When cargo's configuration of warnings is wrong.
pub fn strictness(gctx: &GlobalContext, given: bool) -> CargoResult<Strictness> {
    Ok(if given {
        Strictness::DenyAdvisories
    } else if gctx.warning_handling()? == WarningHandling::Deny {
        Strictness::DenyWarnings
    } else {
        Strictness::Rules
    })
}

/// Fails a denial that a problem takes the ground from.
///
/// # Errors
///
/// The problem.
pub fn refuse_on(policy: &Policy, problems: &[Problem]) -> CargoResult<()> {
    match problems.iter().find(|problem| problem.fails_denial()) {
        Some(problem) if policy.strictness == Strictness::DenyAdvisories => {
            Err(anyhow!("{problem}"))
        }
        _ => Ok(()),
    }
}

/// Fails a denial where the check is turned off.
///
/// # Errors
///
/// Says where it was turned off.
pub fn refuse_unchecked(config: &Config, policy: &Policy) -> CargoResult<()> {
    if policy.strictness == Strictness::DenyAdvisories {
        bail!(
            "`--{FLAG}` needs the check, which `advisory.enabled` in {} turns off",
            config.enabled_by.as_deref().unwrap_or("the configuration")
        );
    }
    Ok(())
}
