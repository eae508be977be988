//! `--deny-advisories`: who asks for a denial, of what, and what a denial cannot do without.

use std::ffi::OsStr;
use std::str::FromStr;

use anyhow::{anyhow, bail};
use cargo::util::context::WarningHandling;
use cargo::{CargoResult, GlobalContext};
use cargo_util_terminal::Verbosity;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::advisory::Kind;
use crate::config::Config;
use crate::policy::{Judged, Level, Rules, Selection, Since, Strictness};
use crate::problem::Problem;
use crate::report::Untrusted;
use crate::report::line::{self, Heading, Hint, WIDTH_OF_NO_TERMINAL};

/// The flag that turns warnings into denials.
pub const FLAG: &str = "deny-advisories";

/// [`FLAG`] as every command that has it shows it.
pub fn flag() -> Arg {
    Arg::new(FLAG)
        .long(FLAG)
        .value_name("WHAT")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("")
        .value_parser(Words)
        .action(ArgAction::Set)
        .help(
            "Fail if a dependency has an advisory or is yanked; WHAT narrows it: `new`, `fixable`, `runtime`, or kinds \
             such as `vulnerability,yanked`",
        )
}

/// Reads the value of [`FLAG`]. A bad one is told by us, as clap would repeat it as it is.
#[derive(Clone)]
struct Words;

impl TypedValueParser for Words {
    type Value = Selection;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Selection, clap::Error> {
        let typed = value.to_string_lossy();
        typed.parse().map_err(|error| {
            let error = format!("bad value for `--{FLAG}`: {error}\n");
            clap::Error::raw(ErrorKind::ValueValidation, error).with_cmd(command)
        })
    }
}

/// The words that narrow a selection, beside the kinds.
const NEW: &str = "new";
const FIXABLE: &str = "fixable";
const RUNTIME: &str = "runtime";

/// Kinds widen what is selected, all other words narrow it.
impl FromStr for Selection {
    type Err = String;

    fn from_str(typed: &str) -> Result<Selection, String> {
        let mut selection = Selection {
            typed: typed.to_owned(),
            ..Selection::default()
        };
        if typed.is_empty() {
            return Ok(selection);
        }
        for word in typed.split(',') {
            let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word);
            match (word, word.split_once('='), kind) {
                (_, _, Some(kind)) => selection.kinds.push(kind),
                (FIXABLE, ..) => selection.fixable = true,
                (RUNTIME, ..) => selection.runtime = true,
                (NEW, ..) => selection.compare(Since::default())?,
                (_, Some((NEW, base)), _) if !base.is_empty() => selection.compare(Since {
                    base: Some(base.to_owned()),
                })?,
                _ => {
                    return Err(format!(
                        "`{}` is not known; allowed are `{NEW}`, `{NEW}=BRANCH`, `{FIXABLE}`, `{RUNTIME}`, {}, and \
                         several of them with commas",
                        Untrusted(word),
                        Kind::ALL.map(|kind| format!("`{kind}`")).join(", ")
                    ));
                }
            }
        }
        Ok(selection)
    }
}

impl Selection {
    /// Selects what is new, which is so in comparison with one thing.
    fn compare(&mut self, since: Since) -> Result<(), String> {
        match self.new.replace(since) {
            None => Ok(()),
            Some(_) => Err(format!("`{NEW}` is given twice; give it once")),
        }
    }
}

/// The value of [`FLAG`], where it was given.
pub fn selection(args: &ArgMatches) -> Option<Selection> {
    args.get_one::<Selection>(FLAG).cloned()
}

/// Who asks for denial. `given` is the value of the flag, where it was.
///
/// # Errors
///
/// When cargo's configuration of warnings is wrong.
pub fn strictness(gctx: &GlobalContext, given: Option<Selection>) -> CargoResult<Strictness> {
    Ok(match given {
        Some(selection) => Strictness::DenyAdvisories(selection),
        None if gctx.warning_handling()? == WarningHandling::Deny => Strictness::DenyWarnings,
        None => Strictness::Rules,
    })
}

/// Fails a denial of a kind that is allowed. It could deny nothing, and would look as if all were well.
///
/// # Errors
///
/// Says where it is allowed.
pub fn refuse_contradiction(strictness: &Strictness, rules: &Rules) -> CargoResult<()> {
    let Strictness::DenyAdvisories(selection) = strictness else {
        return Ok(());
    };
    for kind in &selection.kinds {
        let level = &rules.of(*kind).level;
        if level.value == Level::Allow {
            bail!(
                "`--{FLAG}={kind}` denies nothing, because `advisory.{kind}` is `allow` {}; set it to `warn`",
                match &level.by {
                    Some(by) => format!("in {by}"),
                    None => "by default".to_owned(),
                }
            );
        }
    }
    Ok(())
}

/// Fails a denial that a problem takes the ground from.
///
/// # Errors
///
/// The problem.
pub fn refuse_on(strictness: &Strictness, problems: &[Problem]) -> CargoResult<()> {
    match problems.iter().find(|problem| problem.fails_denial()) {
        Some(problem) if strictness.is_denial() => Err(anyhow!("{problem}")),
        _ => Ok(()),
    }
}

/// Fails a denial where the check is turned off.
///
/// # Errors
///
/// Says where it was turned off.
pub fn refuse_unchecked(config: &Config, strictness: &Strictness) -> CargoResult<()> {
    if strictness.is_denial() {
        bail!(
            "`--{FLAG}` needs the check, which `advisory.enabled` in {} turns off",
            config.enabled_by.as_deref().unwrap_or("the configuration")
        );
    }
    Ok(())
}

/// The line that names what is denied, and briefly the problems beside it.
pub fn line(
    gctx: &GlobalContext,
    strictness: &Strictness,
    denied: &[&Judged<'_, '_>],
    problems: &[Problem],
) -> String {
    let heading = Heading::denied(strictness, denied);
    let beside: Vec<String> = problems.iter().map(Problem::brief).collect();
    line::line_beside(&heading, denied, &beside, Hint::Details, width(gctx))
}

/// Whether a warning is seen by anybody: not where cargo was told to be quiet or to allow warnings.
///
/// # Errors
///
/// When cargo's configuration of warnings is wrong.
pub fn shows_warnings(gctx: &GlobalContext) -> CargoResult<bool> {
    let quiet = gctx.shell().verbosity() == Verbosity::Quiet;
    Ok(!quiet && gctx.warning_handling()? != WarningHandling::Allow)
}

/// The columns that one line on stderr may take.
pub fn width(gctx: &GlobalContext) -> usize {
    gctx.shell()
        .err_width()
        .diagnostic_terminal_width()
        .unwrap_or(WIDTH_OF_NO_TERMINAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_make_a_selection() {
        let selection: Selection = "new=origin/main,vulnerability,yanked,fixable,runtime"
            .parse()
            .unwrap();
        assert_eq!(
            selection,
            Selection {
                typed: "new=origin/main,vulnerability,yanked,fixable,runtime".to_owned(),
                kinds: vec![Kind::Vulnerability, Kind::Yanked],
                fixable: true,
                runtime: true,
                new: Some(Since {
                    base: Some("origin/main".to_owned())
                }),
            }
        );
        assert_eq!("".parse(), Ok(Selection::default()));
        assert_eq!(
            "new".parse::<Selection>().unwrap().new,
            Some(Since { base: None })
        );
    }

    #[test]
    fn other_words_are_refused() {
        for typed in [
            "all",
            "new=",
            ",",
            "new,",
            " new",
            "fixable=true",
            "Vulnerability",
            "insecure",
            "new=a,new=b",
            "new,new",
        ] {
            assert!(typed.parse::<Selection>().is_err(), "{typed}");
        }
    }
}
