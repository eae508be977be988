//! Remedies in words.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use semver::Version;

use super::{Configured, Untrusted, counted};
use crate::freshness::words;
use crate::remedy::manifest::DEFAULT_FEATURES;
use crate::remedy::{Caution, Change, Dependent, Edit, Move, Obstacle, Remedy, Switch, YOUNG_DAYS};

/// How many moves beside that of the package itself are named, and how many dependents.
const NAMED: usize = 3;

/// What to do about a finding, for people: what they do, what that changes, what was in the way, and what to know before.
/// One item is one paragraph. `package` is the one that has the finding.
pub fn paragraphs(remedy: &Remedy, package: &str, now: Timestamp) -> Vec<String> {
    let mut paragraphs = vec![action(remedy, package)];
    if matches!(remedy.change, Change::Feature(_)) && remedy.moves.is_empty() {
        paragraphs.push("it stays in Cargo.lock, for features that are off".to_owned());
    }
    paragraphs.extend(held_back(remedy, package));
    paragraphs.extend(cautions(&remedy.moves, now));
    paragraphs
}

/// The first paragraph: what to do and what that changes, or that there is nothing to do.
pub fn action(remedy: &Remedy, package: &str) -> String {
    match &remedy.change {
        Change::Lockfile => {
            let changes = changes(&remedy.moves, package);
            format!("`cargo advisory fix` {changes}")
        }
        Change::Manifest(edits) => {
            let edits: Vec<String> = edits.iter().map(edit).collect();
            format!(
                "`cargo advisory fix --manifest` changes {}; it then {}",
                listed(&edits),
                changes(&remedy.moves, package)
            )
        }
        Change::Feature(found) => switch(found),
        Change::None(obstacle) => format!("none: {}", none(obstacle)),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed<T: AsRef<str>>(items: &[T]) -> String {
    let mut list = String::new();
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            list.push_str(if place + 1 == items.len() {
                " and "
            } else {
                ", "
            });
        }
        list.push_str(item.as_ref());
    }
    list
}

fn named(package: &str, version: &Version) -> String {
    format!("{} {}", Untrusted(package), Untrusted(&version.to_string()))
}

/// `moves time from 0.1.43 to 0.1.44`, `adds itoa 1.0.0`: the package itself first, then what moves, which says more than
/// what merely comes or goes with it.
fn changes(moves: &[Move], package: &str) -> String {
    let (own, others): (Vec<&Move>, Vec<&Move>) =
        moves.iter().partition(|step| step.package == package);
    let (moved, along): (Vec<&Move>, Vec<&Move>) = others
        .into_iter()
        .partition(|step| step.from.is_some() && step.to.is_some());
    let others: Vec<&Move> = moved.into_iter().chain(along).collect();
    let (shown, left) = others.split_at(others.len().min(NAMED));

    let mut changes: Vec<(&str, Vec<String>)> = Vec::new();
    for step in own.iter().chain(shown) {
        let (verb, what) = movement(step);
        match changes.iter_mut().find(|(known, _)| *known == verb) {
            Some((_, all)) => all.push(what),
            None => changes.push((verb, vec![what])),
        }
    }
    if !left.is_empty() {
        let more = counted(left.len(), "more package", "more packages");
        changes.push(("changes", vec![more]));
    }
    let deeds: usize = changes.iter().map(|(_, what)| what.len()).sum();
    let clauses: Vec<String> = changes
        .into_iter()
        .map(|(verb, what)| format!("{verb} {}", listed(&what)))
        .collect();
    match clauses.split_last() {
        None => "leaves Cargo.lock as it is".to_owned(),
        Some((last, before)) if deeds > 2 && !before.is_empty() => {
            format!("{}, and {last}", before.join(", "))
        }
        Some(_) => listed(&clauses),
    }
}

fn movement(step: &Move) -> (&'static str, String) {
    match (&step.from, &step.to) {
        (Some(from), Some(to)) => {
            let (from, to) = (from.to_string(), to.to_string());
            let what = format!(
                "{} from {} to {}",
                Untrusted(&step.package),
                Untrusted(&from),
                Untrusted(&to)
            );
            ("moves", what)
        }
        (Some(from), None) => ("removes", named(&step.package, from)),
        (None, Some(to)) => ("adds", named(&step.package, to)),
        (None, None) => ("keeps", Untrusted(&step.package).to_string()),
    }
}

fn place(manifest: &Path, line: usize) -> String {
    format!("{}:{line}", Configured(&manifest.display().to_string()))
}

fn edit(edit: &Edit) -> String {
    format!(
        "`{}` from \"{}\" to \"{}\" in {}",
        Untrusted(edit.key.last().map_or("", String::as_str)),
        Untrusted(&edit.from),
        Untrusted(&edit.to),
        place(&edit.manifest, edit.line),
    )
}

fn switch(switch: &Switch) -> String {
    let quoted = |quote: char| {
        move |feature: &String| -> String { format!("{quote}{}{quote}", Untrusted(feature)) }
    };
    let without: Vec<String> = switch.without.iter().map(quoted('`')).collect();
    if switch.key == DEFAULT_FEATURES {
        let left: Vec<String> = switch.features.iter().map(quoted('"')).collect();
        return format!(
            "leave {} out of the default features, if the code can do without: `default = [{}]` in {}",
            listed(&without),
            left.join(", "),
            place(&switch.manifest, switch.line),
        );
    }
    let without = match without.as_slice() {
        [] => "its default features".to_owned(),
        [_] => format!("its feature {}", listed(&without)),
        _ => format!("its features {}", listed(&without)),
    };
    let mut say = Vec::new();
    if !switch.default_features {
        say.push("default-features = false".to_owned());
    }
    if switch.default_features || !switch.features.is_empty() {
        let features: Vec<String> = switch.features.iter().map(quoted('"')).collect();
        say.push(format!("features = [{}]", features.join(", ")));
    }
    format!(
        "build `{}` without {without}, if the code can do without: `{}` in {}",
        Untrusted(switch.key.last().map_or("", String::as_str)),
        say.join(", "),
        place(&switch.manifest, switch.line),
    )
}

fn none(obstacle: &Obstacle) -> String {
    let version = |version: &Version| Untrusted(&version.to_string()).to_string();
    match obstacle {
        Obstacle::NoPatch => "no later release is free of it".to_owned(),
        Obstacle::PatchYanked(versions) => match versions.as_slice() {
            [one] => format!("only {} is free of it, and was yanked", version(one)),
            _ => {
                let versions: Vec<String> = versions.iter().map(version).collect();
                format!("only {} are free of it, and were yanked", listed(&versions))
            }
        },
        Obstacle::RustVersion {
            version: found,
            needs,
        } => format!(
            "{} is free of it, but needs Rust {}",
            version(found),
            Untrusted(needs)
        ),
        Obstacle::TooYoung(found) => format!(
            "{} is free of it, but younger than `min-publish-age` allows",
            version(found)
        ),
        Obstacle::OutOfReach(found) => format!(
            "{} is free of it, but no change of this workspace's requirements leads to it",
            version(found)
        ),
    }
}

/// Who excludes every version without the finding. A requirement that is about to be changed was told already.
fn held_back(remedy: &Remedy, package: &str) -> Option<String> {
    let edited = matches!(remedy.change, Change::Manifest(_));
    let holders: Vec<&Dependent> = remedy
        .held_back_by
        .iter()
        .filter(|dependent| !(edited && dependent.member))
        .collect();
    if holders.is_empty() {
        return None;
    }
    let lifted = matches!(remedy.change, Change::Lockfile | Change::Manifest(_));
    let shown = if holders.len() > NAMED + 1 {
        NAMED
    } else {
        holders.len()
    };
    let mut names: Vec<String> = holders
        .iter()
        .take(shown)
        .map(|holder| dependent(holder, package))
        .collect();
    if holders.len() > shown {
        names.push(counted(
            holders.len() - shown,
            "more dependent",
            "more dependents",
        ));
    }
    let so_far = if lifted { " so far" } else { "" };
    Some(format!("held back{so_far} by {}", listed(&names)))
}

fn dependent(dependent: &Dependent, package: &str) -> String {
    format!(
        "{} (requires {} {})",
        named(&dependent.package, &dependent.version),
        Untrusted(package),
        Untrusted(&dependent.requirement)
    )
}

/// What to know before one moves. Where that is to be known of many, it is told by kinds.
fn cautions(moves: &[Move], now: Timestamp) -> Vec<String> {
    let risky: Vec<(String, &[Caution])> = moves
        .iter()
        .filter(|step| !step.cautions.is_empty())
        .filter_map(|step| Some((named(&step.package, step.to.as_ref()?), &step.cautions[..])))
        .collect();
    let mut told = if risky.len() <= NAMED {
        let each = risky.iter().map(|(name, cautions)| {
            let cautions: Vec<String> = cautions.iter().map(|known| caution(known, now)).collect();
            format!("{name} {}", listed(&cautions))
        });
        each.collect()
    } else {
        by_kinds(&risky)
    };
    for line in &mut told {
        line.insert_str(0, "caution: ");
    }
    told
}

/// A caution as what there is to say of its package.
pub fn caution(caution: &Caution, now: Timestamp) -> String {
    match caution {
        Caution::Young { published } => {
            let age = now.duration_since(*published).max(SignedDuration::ZERO);
            format!("was published {} ago", words(age))
        }
        Caution::BuildScript => "has a build script now".to_owned(),
        Caution::NewDependencies(names) => match names.as_slice() {
            [one] => format!("brings the new package {}", Untrusted(one)),
            _ => format!("brings the new packages {}", some_of(names)),
        },
        Caution::NotDownloaded => {
            "is not downloaded, so that nobody has looked for a new build script".to_owned()
        }
    }
}

/// The cautions of more than one package.
fn by_kinds(risky: &[(String, &[Caution])]) -> Vec<String> {
    let with = |is: fn(&Caution) -> bool| -> Vec<&str> {
        let found = risky.iter().filter(|(_, known)| known.iter().any(is));
        found.map(|(name, _)| name.as_str()).collect()
    };
    // What could do harm at once is named, whatever the number.
    let young = with(|known| matches!(known, Caution::Young { .. }));
    let scripts = with(|known| *known == Caution::BuildScript);
    let unseen = with(|known| *known == Caution::NotDownloaded);
    let brought: BTreeSet<&String> = risky
        .iter()
        .flat_map(|(_, known)| known.iter())
        .filter_map(|known| match known {
            Caution::NewDependencies(names) => Some(names),
            _ => None,
        })
        .flatten()
        .collect();

    let mut told = Vec::new();
    if !young.is_empty() {
        let were = if young.len() == 1 { "was" } else { "were" };
        told.push(format!(
            "{} {were} published less than {YOUNG_DAYS} days ago",
            listed(&young)
        ));
    }
    if !scripts.is_empty() {
        let have = if scripts.len() == 1 { "has" } else { "have" };
        told.push(format!("{} {have} a build script now", listed(&scripts)));
    }
    if !brought.is_empty() {
        let packages = counted(brought.len(), "new package comes", "new packages come");
        let names: Vec<String> = brought.into_iter().cloned().collect();
        told.push(format!("{packages} along: {}", some_of(&names)));
    }
    if !unseen.is_empty() {
        let are = counted(unseen.len(), "package is", "packages are");
        told.push(format!(
            "{are} not downloaded, so that nobody has looked for new build scripts"
        ));
    }
    told
}

/// The names of packages, as many as one reads.
fn some_of(names: &[String]) -> String {
    const MOST: usize = 8;
    let shown = if names.len() > MOST + 1 {
        MOST
    } else {
        names.len()
    };
    let mut list: Vec<String> = names[..shown]
        .iter()
        .map(|name| Untrusted(name).to_string())
        .collect();
    if names.len() > shown {
        list.push(format!("{} more", names.len() - shown));
    }
    listed(&list)
}
