//! `cargo advisory ignore`: writes down which findings are lived with, why, and for how long.

use anyhow::{anyhow, bail};
use cargo::core::Workspace;
use cargo::util::command_prelude::{ArgMatchesExt as _, CommandExt as _, flag, opt};
use cargo::{CargoResult, CliResult, GlobalContext, ops};
use clap::{Arg, ArgGroup, ArgMatches, Command};
use jiff::civil::Date;

use self::file::Files;
use super::explain::lookup::Lookup;
use crate::config::Config;
use crate::fault;
use crate::ignore::{self, Ignore, What, While};
use crate::index::{Entry, Index, Verify};
use crate::policy::today;
use crate::problem::{self, Problem};
use crate::report::{Configured, Untrusted};

mod edit;
mod file;
mod import;
mod prune;

const ID: &str = "id";
const MODES: [&str; 2] = ["import", "prune"];

pub(super) fn cli() -> Command {
    let detail = |arg: Arg| arg.conflicts_with_all(MODES);
    Command::new("ignore")
        .about("Write down which findings are ignored, why, and until when")
        .arg(
            Arg::new(ID)
                .value_name("ID")
                .help("Id of the advisory, such as RUSTSEC-2020-0071 or an alias of it"),
        )
        .arg(
            opt(
                "package",
                "Ignore what is found of a package, not an advisory",
            )
            .short('p')
            .value_name("NAME[@VERSION]"),
        )
        .arg(detail(
            opt("reason", "Why it can be ignored")
                .value_name("TEXT")
                .required_unless_present_any(MODES),
        ))
        .arg(detail(
            opt("until", "Last day on which it is ignored").value_name("YYYY-MM-DD"),
        ))
        .arg(detail(
            opt("while", "Ignore it only as long as this is so")
                .value_name("CONDITION")
                .value_parser(While::ALL.map(While::as_str)),
        ))
        .arg(detail(
            opt("via", "Ignore it only where it comes in through this crate").value_name("CRATE"),
        ))
        .arg(flag(
            "import",
            "Take over what cargo-audit and cargo-deny are told to ignore",
        ))
        .arg(flag("prune", "Remove entries that are not needed any more"))
        .group(
            ArgGroup::new("what")
                .args([ID, "package", "import", "prune"])
                .required(true),
        )
        .arg(flag("dry-run", "Show what would change, and change nothing").short('n'))
        .arg_manifest_path()
}

pub(super) fn exec(gctx: &mut GlobalContext, args: &ArgMatches) -> CliResult {
    let config = Config::load(gctx)?;
    let index = problem::open_index(&config, Verify::All).map_err(Problem::into_error)?;
    let ws = args.workspace(gctx)?;
    let editor = Editor {
        gctx,
        ws: &ws,
        config: &config,
        index: &index,
        today: today(fault::now()),
        dry_run: args.get_flag("dry-run"),
    };
    if args.get_flag("import") {
        import::run(&editor)?;
    } else if args.get_flag("prune") {
        prune::run(&editor)?;
    } else {
        editor.ignore(args)?;
    }
    Ok(())
}

/// What all changes of one command are made with.
struct Editor<'a> {
    gctx: &'a GlobalContext,
    ws: &'a Workspace<'a>,
    config: &'a Config,
    index: &'a Index,
    /// In UTC, so that an entry ends for all at once.
    today: Date,
    dry_run: bool,
}

/// What became of an entry.
enum Put {
    Added,
    /// It took the place of one about the same.
    Updated,
    /// The same stands there already.
    Already,
}

impl Editor<'_> {
    /// Writes the entry that `args` describe.
    fn ignore(&self, args: &ArgMatches) -> CargoResult<()> {
        let entry = self.entry(args)?;
        let mut files = Files::open(self.ws)?;
        let (put, place) = self.put(&mut files, &entry)?;
        let what = self.described(&entry)?;
        let place = Configured(&place);
        match put {
            Put::Added => {
                let text = format!("{what} in {place}{}", limits(&entry));
                self.gctx.shell().status("Ignoring", text)?;
            }
            Put::Updated => {
                let text = format!("{what} in {place}{}", limits(&entry));
                self.gctx.shell().status("Updating", text)?;
            }
            Put::Already => {
                let text = format!("with nothing to change: {what} is ignored in {place} already");
                self.gctx.shell().status("Finished", text)?;
                return Ok(());
            }
        }
        self.warn_if_needless(&entry)?;
        self.note_elsewhere(&entry)?;
        self.save(&files)
    }

    /// Reads an entry from the command line, which says nothing that could not be meant.
    fn entry(&self, args: &ArgMatches) -> CargoResult<Ignore> {
        let given = |name: &str| args.get_one::<String>(name).map(String::as_str);
        let what = match (given(ID), given("package")) {
            (Some(id), _) => self.known(&What::id(id)?)?,
            (None, Some(package)) => What::package(package)?,
            (None, None) => bail!("nothing to ignore was named"),
        };
        let until = given("until").map(ignore::day).transpose()?;
        let entry = Ignore {
            what,
            reason: ignore::reason(&one_line(given("reason").unwrap_or_default()))?,
            until,
            condition: given("while").map(str::parse).transpose()?,
            via: given("via").map(ignore::crate_name).transpose()?,
        };
        if entry.has_expired(self.today)
            && let Some(until) = until
        {
            bail!(
                "{until} is over, as it is {} today (UTC); give `--until` a later day",
                self.today
            );
        }
        Ok(entry)
    }

    /// The id as the index writes it.
    ///
    /// # Errors
    ///
    /// When the index has no such advisory.
    fn known(&self, what: &What) -> CargoResult<What> {
        let What::Id(id) = what else {
            return Ok(what.clone());
        };
        let entries = self.advisories(what)?;
        let names = entries
            .iter()
            .flat_map(|entry| std::iter::once(entry.id).chain(entry.aliases()));
        let spelled = names.into_iter().find(|name| name.eq_ignore_ascii_case(id));
        match spelled {
            Some(spelled) => Ok(What::Id(spelled.to_owned())),
            None => {
                let lookup = Lookup {
                    config: self.config,
                    index: self.index,
                };
                let error = lookup.no_such_advisory(id);
                Err(match id.bytes().any(|byte| byte.is_ascii_digit()) {
                    true => error,
                    false => anyhow!("{error}; a package is ignored with `--package`"),
                })
            }
        }
    }

    /// The advisories that an entry is about.
    fn advisories(&self, what: &What) -> CargoResult<Vec<Entry<'_>>> {
        let mut found = Vec::new();
        if let What::Id(_) = what {
            for entry in self.index.entries() {
                let entry =
                    entry.map_err(|error| Problem::of_index(self.config, error).into_error())?;
                if what.names_advisory(entry.id, entry.aliases()) {
                    found.push(entry);
                }
            }
        }
        Ok(found)
    }

    /// Whether two entries are about the same findings, under whatever name.
    fn is_same(&self, a: &Ignore, b: &Ignore) -> CargoResult<bool> {
        if a.via != b.via {
            return Ok(false);
        }
        let (What::Id(_), What::Id(_)) = (&a.what, &b.what) else {
            return Ok(a.what == b.what);
        };
        let ids = |entries: Vec<Entry<'_>>| -> Vec<String> {
            let ids = entries.iter().map(|entry| entry.id.to_owned());
            ids.collect()
        };
        let known = ids(self.advisories(&a.what)?);
        Ok(match known.is_empty() {
            // The index may be too old for it.
            true => a.what == b.what,
            false => known == ids(self.advisories(&b.what)?),
        })
    }

    /// Puts `entry` in the place of the one about the same, else behind all others. Returns the file that it is in.
    fn put(&self, files: &mut Files, entry: &Ignore) -> CargoResult<(Put, String)> {
        for file in files.all_mut() {
            for (position, found) in file.entries()?.into_iter().enumerate() {
                if found.ignore == *entry {
                    return Ok((Put::Already, file.shown.clone()));
                }
                if self.is_same(&found.ignore, entry)? {
                    file.replace(position, entry)?;
                    return Ok((Put::Updated, file.shown.clone()));
                }
            }
        }
        let file = files.target();
        file.add(entry)?;
        Ok((Put::Added, file.shown.clone()))
    }

    /// What an entry is about, in the words of a status line.
    fn described(&self, entry: &Ignore) -> CargoResult<String> {
        let mut packages: Vec<&str> = Vec::new();
        for advisory in self.advisories(&entry.what)? {
            if !packages.contains(&advisory.package) {
                packages.push(advisory.package);
            }
        }
        let mut text = Untrusted(&entry.what.to_string()).to_string();
        if let What::Package { .. } = entry.what {
            text.push_str(" (all that is found of it, but malicious code)");
        }
        if !packages.is_empty() {
            text.push_str(&format!(" ({})", Untrusted(&packages.join(", "))));
        }
        if let Some(via) = &entry.via {
            text.push_str(&format!(" via {}", Untrusted(via)));
        }
        Ok(text)
    }

    /// Says where else the same is ignored.
    fn note_elsewhere(&self, entry: &Ignore) -> CargoResult<()> {
        for file in file::elsewhere(self.gctx, self.ws)? {
            for found in file.entries()? {
                if self.is_same(&found.ignore, entry)? {
                    self.gctx.shell().note(format!(
                        "it is ignored in {}:{} too",
                        Configured(&file.shown),
                        found.line
                    ))?;
                }
            }
        }
        Ok(())
    }

    /// Warns of an entry that covers nothing in Cargo.lock.
    fn warn_if_needless(&self, entry: &Ignore) -> CargoResult<()> {
        let Some(locked) = ops::load_pkg_lockfile(self.ws)? else {
            return Ok(());
        };
        let advisories = self.advisories(&entry.what)?;
        for package in locked.iter() {
            let (name, version) = (package.name(), package.version());
            if entry.what.names_package(&name, version) {
                return Ok(());
            }
            for advisory in &advisories {
                let affected = || {
                    let affected = advisory.affects(version);
                    affected.map_err(|error| Problem::of_index(self.config, error).into_error())
                };
                if advisory.package == name.as_str() && affected()? {
                    return Ok(());
                }
            }
        }
        let text = match &entry.what {
            What::Id(_) => {
                "no package in Cargo.lock is affected by it, so there is nothing to ignore"
            }
            What::Package { .. } => {
                "no such package is in Cargo.lock, so there is nothing to ignore"
            }
        };
        self.gctx.shell().warn(text)
    }

    /// Writes what has changed, unless that is only to be shown.
    fn save(&self, files: &Files) -> CargoResult<()> {
        if self.dry_run {
            return self
                .gctx
                .shell()
                .warn("nothing was changed, as this is a dry run");
        }
        files.save()
    }
}

/// How long an entry holds, in the words of a status line.
fn limits(entry: &Ignore) -> String {
    match (entry.until, entry.condition) {
        (None, None) => String::new(),
        (Some(until), None) => format!(" until {until}"),
        (None, Some(word)) => format!(" while {word}"),
        (Some(until), Some(word)) => format!(" until {until}, while {word}"),
    }
}

/// An entry is one line of a file.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An error about a file, which names it.
fn about(file: &str, error: &anyhow::Error) -> anyhow::Error {
    anyhow!("in `{}`, {error:#}", Configured(file))
}
