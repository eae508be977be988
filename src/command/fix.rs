//! `cargo advisory fix`: makes the changes that make findings go away.

use std::collections::BTreeSet;

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

use crate::check::{Finding, check};
use crate::config::Config;
use crate::denial;
use crate::graph::{Graph, workspace};
use crate::index::{Index, Verify};
use crate::policy::{Policy, Verdict};
use crate::problem::{self, Problem};
use crate::remedy::plan::{self, Interest};
use crate::remedy::search::Reach;
use crate::remedy::world::World;
use crate::remedy::{Change, Edit, Move};
use crate::report::line::{Heading, Hint, WIDTH_OF_NO_TERMINAL, line};
use crate::report::{Untrusted, counted};

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
    let policy = Policy {
        rules: config.rules.clone(),
        strictness: denial::strictness(gctx, args.get_flag(denial::FLAG))?,
    };
    let dry_run = args.get_flag("dry-run");
    if let Some(flag) = gctx.locked_flag().filter(|_| !dry_run) {
        return Err(anyhow!(
            "Cargo.lock cannot be changed with {flag}; see what would change with `--dry-run`"
        )
        .into());
    }
    let index = problem::open_index(&config, Verify::All).map_err(Problem::into_error)?;
    let ws = args.workspace(gctx)?;
    let graph = read(gctx, &ws)?;
    let checked = Checked::new(&config, &graph, &index)?;
    let findings = checked.findings();
    let fixed = fix(&ws, &index, &findings, args.get_flag("manifest"))?;
    say(gctx, &fixed)?;
    if dry_run {
        gctx.shell()
            .warn("nothing was changed, as this is a dry run")?;
        return Ok(());
    }
    write(&ws, &fixed)?;

    let ws = args.workspace(gctx)?;
    let graph = read(gctx, &ws)?;
    let after = Checked::new(&config, &graph, &index)?;
    let left = after.findings();
    gctx.shell().status(
        "Fixed",
        format!(
            "{} of {}{}",
            findings.len().saturating_sub(left.len()),
            counted(findings.len(), "finding", "findings"),
            if left.is_empty() {
                ""
            } else {
                "; `cargo advisory` shows what is left"
            }
        ),
    )?;
    denial::refuse_on(&policy, &after.problems)?;
    match policy.verdict(&left) {
        Verdict::Silent | Verdict::Warn(_) => Ok(()),
        Verdict::Deny(denied) => {
            let heading = Heading::denied(&policy, &denied);
            let width = gctx.shell().err_width().diagnostic_terminal_width();
            let width = width.unwrap_or(WIDTH_OF_NO_TERMINAL);
            Err(anyhow!(line(&heading, &denied, Hint::Details, width)).into())
        }
    }
}

/// The graph of everything in the workspace. Nobody asks how a package comes in.
fn read(gctx: &GlobalContext, ws: &Workspace<'_>) -> CargoResult<Graph> {
    workspace::read(ws, workspace::everything(gctx)?, |_| Ok(Vec::new()))
}

/// What there is to fix.
struct Checked<'g> {
    graph: &'g Graph,
    hits: crate::check::Hits<'g>,
    problems: Vec<Problem>,
}

impl<'g> Checked<'g> {
    fn new(config: &Config, graph: &'g Graph, index: &'g Index) -> CargoResult<Checked<'g>> {
        let hits =
            check(graph, index).map_err(|error| Problem::of_index(config, error).into_error())?;
        let problems = problem::problems(graph, &hits, index, config, Timestamp::now());
        Ok(Checked {
            graph,
            hits,
            problems,
        })
    }

    fn findings(&self) -> Vec<Finding<'g>> {
        self.hits.findings(self.graph)
    }
}

/// All changes together.
struct Fixed {
    moves: Vec<Move>,
    edits: Vec<Edit>,
    /// None where nothing changes.
    lockfile: Option<String>,
    manifests: std::collections::BTreeMap<std::path::PathBuf, String>,
}

/// Finds what can be changed, one package after the other, each on the state that the one before left.
fn fix(
    ws: &Workspace<'_>,
    index: &Index,
    findings: &[Finding<'_>],
    manifest: bool,
) -> CargoResult<Fixed> {
    let mut world = World::load(ws, index, Timestamp::now())?;
    let interest = Interest::new(&world, findings);
    let before = ops::resolve_to_string(ws, &world.locked)?;
    let reach = if manifest {
        Reach::Manifests
    } else {
        Reach::Lockfile
    };
    let mut edits = Vec::new();
    let mut moves = Vec::new();
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
        if let Change::Manifest(changed) = found.remedy.change {
            for edit in changed {
                world.manifests.apply(ws.root(), &edit)?;
                edits.push(edit);
            }
        }
        if let Some(resolve) = found.resolve {
            world.accept(resolve, &found.requirements);
        }
        moves.push(found.remedy.moves);
    }
    bar.clear();
    drop(bar);
    let after = ops::resolve_to_string(ws, &world.locked)?;
    Ok(Fixed {
        moves: plan::joined(moves),
        edits,
        lockfile: (before != after).then_some(after),
        manifests: world.manifests.changed(),
    })
}

/// Shows the changes as `cargo update` does.
fn say(gctx: &GlobalContext, fixed: &Fixed) -> CargoResult<()> {
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
        package, from, to, ..
    } in &fixed.moves
    {
        let package = Untrusted(package);
        match (from, to) {
            (Some(from), Some(to)) => {
                let what = format!(
                    "{package} v{} -> v{}",
                    Untrusted(&from.to_string()),
                    Untrusted(&to.to_string())
                );
                shell.status_with_color("Updating", what, &style::GOOD)?;
            }
            (None, Some(to)) => {
                let what = format!("{package} v{}", Untrusted(&to.to_string()));
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

/// Puts each new file in the place of the old one, so that there is always one of the two. A new manifest with the old
/// Cargo.lock is no half-made change: cargo makes the rest when it resolves next.
fn write(ws: &Workspace<'_>, fixed: &Fixed) -> CargoResult<()> {
    for (path, text) in &fixed.manifests {
        paths::write_atomic(path, text)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    if let Some(lockfile) = &fixed.lockfile {
        let path = ws.lock_root().as_path_unlocked().join("Cargo.lock");
        paths::write_atomic(&path, lockfile)
            .with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}
