//! `cargo advisory fix`: makes the changes that make findings go away.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use cargo::core::Workspace;
use cargo::ops;
use cargo::util::command_prelude::{ArgMatchesExt as _, CommandExt as _, flag};
use cargo::util::{Progress, ProgressStyle};
use cargo::{CargoResult, CliResult, GlobalContext};
use cargo_util::paths;
use cargo_util_terminal::style;
use clap::{ArgMatches, Command};
use jiff::Timestamp;
use tempfile::TempDir;

use super::answer::Judge;
use super::background::{self, Check};
use crate::check::Finding;
use crate::config::Config;
use crate::denial;
use crate::fault;
use crate::graph::workspace::{self, LOCKFILE};
use crate::index::{Index, Verify};
use crate::policy::Verdict;
use crate::problem::Problem;
use crate::remedy::caution;
use crate::remedy::plan::{self, Interest};
use crate::remedy::search::{self, Reach};
use crate::remedy::world::World;
use crate::remedy::{Caution, Change, Edit, Move};
use crate::report::{Untrusted, counted, remedy};

pub(super) fn cli() -> Command {
    Command::new("fix")
        .about("Change Cargo.lock so that findings go away")
        .arg(flag("dry-run", "Show what would change, and change nothing").short('n'))
        .arg(flag("manifest", "Change requirements in Cargo.toml too"))
        .arg(denial::flag())
        .arg_manifest_path()
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let strictness = denial::strictness(gctx, denial::selection(args))?;
    let dry_run = args.get_flag("dry-run");
    if let Some(flag) = gctx.locked_flag().filter(|_| !dry_run) {
        return Err(anyhow!(
            "Cargo.lock cannot be changed with {flag}; see what would change with `--dry-run`"
        )
        .into());
    }
    let check = Check::new(Verify::All, strictness.is_denial());
    let index = background::open_index(gctx, &config, check).map_err(Problem::into_error)?;
    let mut ws = args.workspace(gctx)?;
    let policy = config.policy(Some(&ws), strictness)?;
    let _scratch = match dry_run {
        true => lock_elsewhere(&mut ws)?,
        false => None,
    };
    let judge = Judge {
        config: &config,
        policy: &policy,
        index: &index,
    };
    let before = judge.everything(&ws)?;
    // What is ignored stays as it is.
    let findings = judge.judgement(&before)?.open();
    let reach = if args.get_flag("manifest") {
        Reach::Manifests
    } else {
        Reach::Lockfile
    };
    let fixed = fix(&ws, &index, &findings, reach)?;
    say(gctx, &fixed, fault::now())?;
    if dry_run {
        if !fixed.changes() {
            return Ok(conclude(gctx, &findings, &findings, reach)?);
        }
        gctx.shell()
            .warn("nothing was changed, as this is a dry run")?;
        return Ok(());
    }
    write(&ws, &fixed)?;

    let ws = args.workspace(gctx)?;
    let after = judge.everything(&ws)?;
    let left = judge.judgement(&after)?;
    conclude(gctx, &findings, &left.open(), reach)?;
    denial::refuse_on(&policy.strictness, &after.problems)?;
    match left.verdict() {
        Verdict::Silent | Verdict::Warn(_) => Ok(()),
        Verdict::Deny(denied) => {
            let line = denial::line(gctx, &policy.strictness, &denied, &after.problems);
            Err(anyhow!(line).into())
        }
    }
}

/// Has cargo write a Cargo.lock that it finds outdated into a temporary folder, for as long as that lives. Where cargo is
/// not to write at all, that stays so.
fn lock_elsewhere(ws: &mut Workspace<'_>) -> CargoResult<Option<TempDir>> {
    if ws.gctx().locked_flag().is_some() {
        return Ok(None);
    }
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let path = workspace::lockfile(ws);
    let scratch = folder.path().join(LOCKFILE);
    if path.exists() {
        fs::copy(&path, &scratch)
            .with_context(|| format!("failed to copy `{}`", path.display()))?;
    }
    ws.set_requested_lockfile_path(Some(scratch));
    Ok(Some(folder))
}

/// Says how many of the findings are gone.
fn conclude(
    gctx: &GlobalContext,
    before: &[Finding<'_>],
    after: &[Finding<'_>],
    reach: Reach,
) -> CargoResult<()> {
    let mut shell = gctx.shell();
    let (before, after) = (tally(before), tally(after));
    let findings = before.values().sum();
    let fixed: usize = excess(&before, &after);
    let new = match excess(&after, &before) {
        0 => String::new(),
        1 => ", and 1 is new".to_owned(),
        new => format!(", and {new} are new"),
    };
    let all = counted(findings, "finding", "findings");
    match (fixed, reach) {
        _ if findings == 0 => shell.status("Finished", "with nothing to fix"),
        (0, Reach::Lockfile) => shell.warn(
            "nothing could be fixed in Cargo.lock alone; try `--manifest`, or see `cargo advisory` for details",
        ),
        (0, Reach::Manifests) => {
            shell.warn("nothing could be fixed; see `cargo advisory` for details")
        }
        _ if after.is_empty() => shell.status("Fixed", all),
        (_, Reach::Lockfile) => shell.status(
            "Fixed",
            format!("{fixed} of {all}{new}; for the rest try `--manifest`, or see `cargo advisory`"),
        ),
        (_, Reach::Manifests) => {
            let text = format!("{fixed} of {all}{new}; see `cargo advisory` for the rest");
            shell.status("Fixed", text)
        }
    }
}

/// How often each advisory or yank was found in a package, whatever the version: one that moves and keeps it is not fixed.
type Tally = BTreeMap<(String, Option<String>), usize>;

fn tally(findings: &[Finding<'_>]) -> Tally {
    let mut tally = Tally::new();
    for finding in findings {
        let id = finding.id().map(str::to_owned);
        *tally.entry((finding.package.name.clone(), id)).or_default() += 1;
    }
    tally
}

/// How much of `some` is not in `other`.
fn excess(some: &Tally, other: &Tally) -> usize {
    let counts = some.iter();
    counts
        .map(|(what, count)| count.saturating_sub(other.get(what).copied().unwrap_or(0)))
        .sum()
}

/// All changes together.
struct Fixed {
    moves: Vec<Move>,
    edits: Vec<Edit>,
    /// None where nothing changes.
    lockfile: Option<String>,
    manifests: BTreeMap<PathBuf, String>,
}

impl Fixed {
    fn changes(&self) -> bool {
        self.lockfile.is_some() || !self.manifests.is_empty()
    }
}

/// Finds what can be changed, one package after the other, each on the state that the one before left.
fn fix(
    ws: &Workspace<'_>,
    index: &Index,
    findings: &[Finding<'_>],
    reach: Reach,
) -> CargoResult<Fixed> {
    let mut world = World::load(ws, index, fault::now())?;
    let mut interest = Interest::new(&world, findings);
    let before = ops::resolve_to_string(ws, &world.locked)?;
    let mut edits = Vec::new();
    // Cargo.lock as it was.
    let mut first = None;
    let mut bar = Progress::with_style("Resolving", ProgressStyle::Ratio, ws.gctx());
    // What nothing can be done about is not tried again.
    let mut given_up = BTreeSet::new();
    let cases = interest.cases(&world)?;
    let total = cases.len();
    world.ask_for(cases.into_iter().map(|case| case.package))?;
    let mut done = 0;
    while let Some(case) = interest
        .cases(&world)?
        .into_iter()
        .find(|case| !given_up.contains(&(case.package, case.findings.clone())))
    {
        bar.tick(
            done.min(total),
            total,
            &format!(": {}", case.package.name()),
        )?;
        done += 1;
        let remedied = plan::remedies(&world, &case, reach)?;
        let usable = remedied
            .into_iter()
            .find(|remedied| match &remedied.found.remedy.change {
                Change::Lockfile | Change::Manifest(_) => true,
                Change::Feature(_) | Change::None(_) => false,
            });
        let Some(found) = usable.map(|usable| usable.found) else {
            given_up.insert((case.package, case.findings));
            continue;
        };
        if let Some(flag) = ws.gctx().offline_flag()
            && let Some(resolve) = &found.resolve
            && !caution::can_be_had(&world, resolve)?
        {
            ws.gctx().shell().warn(format!(
                "the remedy of {} {} is not downloaded; fix it without {flag}",
                Untrusted(&case.package.name()),
                Untrusted(&case.package.version().to_string())
            ))?;
            given_up.insert((case.package, case.findings));
            continue;
        }
        if let Change::Manifest(changed) = found.remedy.change {
            for edit in changed {
                world.manifests.apply(ws.root(), &edit)?;
                edits.push(edit);
            }
        }
        if let Some(resolve) = found.resolve {
            let replaced = world.accept(resolve, &found.requirements);
            first.get_or_insert(replaced);
            interest.add_new(&world)?;
        }
    }
    bar.clear();
    drop(bar);
    let mut moves = Vec::new();
    if let Some(first) = &first {
        moves = search::moves(first, &world.locked);
        caution::add_to(&world, first, [(&world.locked, &mut moves[..])])?;
    }
    let after = ops::resolve_to_string(ws, &world.locked)?;
    Ok(Fixed {
        moves,
        edits,
        lockfile: (before != after).then_some(after),
        manifests: world.manifests.changed(),
    })
}

/// Shows the changes as `cargo update` does.
fn say(gctx: &GlobalContext, fixed: &Fixed, now: Timestamp) -> CargoResult<()> {
    let mut shell = gctx.shell();
    for Edit {
        manifest,
        line,
        key,
        from,
        to,
    } in &fixed.edits
    {
        let what = format!(
            "{}:{line}: `{}` from \"{}\" to \"{}\"",
            manifest.display(),
            Untrusted(&key.join(".")),
            Untrusted(from),
            Untrusted(to)
        );
        shell.status("Editing", what)?;
    }
    for Move {
        package,
        from,
        to,
        cautions,
    } in &fixed.moves
    {
        let package = Untrusted(package);
        match (from, to) {
            (Some(from), Some(to)) => {
                let what = format!(
                    "{package} v{} -> v{}{}",
                    Untrusted(&from.to_string()),
                    Untrusted(&to.to_string()),
                    remarks(cautions, now)
                );
                shell.status_with_color("Updating", what, &style::GOOD)?;
            }
            (None, Some(to)) => {
                let what = format!(
                    "{package} v{}{}",
                    Untrusted(&to.to_string()),
                    remarks(cautions, now)
                );
                shell.status_with_color("Adding", what, &style::NOTE)?;
            }
            (Some(from), None) => {
                let what = format!("{package} v{}", Untrusted(&from.to_string()));
                shell.status_with_color("Removing", what, &style::ERROR)?;
            }
            (None, None) => {}
        }
    }
    Ok(())
}

/// What to know before one builds with a new version, in brackets.
fn remarks(cautions: &[Caution], now: Timestamp) -> String {
    if cautions.is_empty() {
        return String::new();
    }
    let remarks: Vec<String> = cautions
        .iter()
        .map(|known| remedy::caution(known, now))
        .collect();
    format!(" ({})", remarks.join("; "))
}

/// Puts each new file in the place of the old one, so that there is always one of the two. A new manifest with the old
/// Cargo.lock is no half-made change: cargo makes the rest when it resolves next.
fn write(ws: &Workspace<'_>, fixed: &Fixed) -> CargoResult<()> {
    let mut files: Vec<(PathBuf, &str)> = fixed
        .manifests
        .iter()
        .map(|(path, text)| (path.clone(), text.as_str()))
        .collect();
    files.extend(
        fixed
            .lockfile
            .as_deref()
            .map(|text| (workspace::lockfile(ws), text)),
    );
    // Who may not write to one of them changes none. Renaming alone would replace a file that was made read-only.
    for (path, _) in &files {
        OpenOptions::new()
            .write(true)
            .open(path)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    for (path, text) in files {
        paths::write_atomic(&path, text)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}
