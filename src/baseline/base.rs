//! Which commit `HEAD` is compared with.

use anyhow::{Context as _, anyhow, bail};
use gix::bstr::ByteSlice as _;
use gix::hash::Prefix;
use gix::objs::{Kind, TagRefIter};
use gix::refs::{FullName, TargetRef};
use gix::remote::{Direction, Name};
use gix::{ObjectId, Reference, Repository};

use super::foreign;
use crate::report::Configured;

/// How a user names one.
const NAME_ONE: &str = "name a branch with `--deny-advisories=new=BRANCH` or `advisory.base`";

/// The other side of a comparison.
#[derive(Debug)]
pub(super) struct Base {
    /// As one would name it.
    pub(super) name: String,
    pub(super) commit: ObjectId,
}

impl Base {
    /// The branch, tag or commit that a user calls `name`.
    ///
    /// Only names and commits in hex are taken, and none of git's other notations: what comes from a variable of a build
    /// server must not turn into a search, a date or a range.
    pub(super) fn named(repo: &Repository, name: &str) -> anyhow::Result<Base> {
        if name.starts_with('-') || gix::validate::reference::name_partial(name.into()).is_err() {
            bail!(
                "`{}` cannot be the name of a branch; allowed are names such as `main`, `origin/main` and `v1.0`, and \
                 commits in hex",
                Configured(name)
            );
        }
        // A whole commit is what it says, whatever somebody called a branch.
        if let Ok(id) = ObjectId::from_hex(name.as_bytes()) {
            return Base::in_hex(repo, name, id);
        }
        let mut found: Vec<(String, ObjectId)> = Vec::new();
        for place in places(name) {
            if let Some(reference) = find(repo, &place)? {
                let commit = commit_of(reference)?;
                found.push((place, commit));
            }
        }
        let Some((place, commit)) = found.first() else {
            return Base::abbreviated(repo, name)?.ok_or_else(|| unknown(repo, name));
        };
        if let Some((other, _)) = found.iter().find(|(_, other)| other != commit) {
            bail!(
                "`{}` is both `{}` and `{}`; name one of them in full",
                Configured(name),
                Configured(place),
                Configured(other)
            );
        }
        Ok(Base {
            name: name.to_owned(),
            commit: *commit,
        })
    }

    /// The start of a commit in hex. None where it is none.
    fn abbreviated(repo: &Repository, name: &str) -> anyhow::Result<Option<Base>> {
        /// Digits, as few as git shows.
        const LEAST: usize = 7;
        let Some(prefix) = Prefix::from_hex(name).ok().filter(|_| name.len() >= LEAST) else {
            return Ok(None);
        };
        match repo.objects.lookup_prefix(prefix, None).map_err(foreign)? {
            None => Ok(None),
            Some(Ok(id)) => Base::in_hex(repo, name, id).map(Some),
            Some(Err(())) => bail!(
                "several objects begin with `{}`; give more digits",
                Configured(name)
            ),
        }
    }

    fn in_hex(repo: &Repository, name: &str, id: ObjectId) -> anyhow::Result<Base> {
        let commit = commit_at(repo, id).with_context(|| {
            format!(
                "`{}` is no commit of this repository; fetch it, or name another",
                Configured(name)
            )
        })?;
        Ok(Base {
            name: name.to_owned(),
            commit,
        })
    }

    /// The default branch of the remote that this work goes to.
    pub(super) fn of_remote(repo: &Repository) -> anyhow::Result<Base> {
        let remote = remote(repo)?;
        let folder = format!("refs/remotes/{remote}/");
        let head = format!("{folder}HEAD");
        if let Some(default) = find(repo, &head)? {
            // A symbolic reference whose target is gone says as little as none.
            let target = match default.target() {
                TargetRef::Symbolic(name) => find(repo, &name.as_bstr().to_str_lossy())?,
                TargetRef::Object(_) => Some(default),
            };
            if let Some(branch) = target {
                return Base::of_branch(branch);
            }
        }
        let usual = [format!("{folder}main"), format!("{folder}master")];
        let [main, master] = &usual;
        match [find(repo, main)?, find(repo, master)?] {
            [Some(branch), None] | [None, Some(branch)] => Base::of_branch(branch),
            [Some(_), Some(_)] => bail!(
                "which branch to compare with is not clear: there are `{}` and `{}`, and no `{}` that tells which is the \
                 default; {NAME_ONE}",
                Configured(main),
                Configured(master),
                Configured(&head)
            ),
            [None, None] => bail!(
                "there is no branch to compare with: neither `{}` nor `{}` nor `{}`; fetch it, or {NAME_ONE}",
                Configured(&head),
                Configured(main),
                Configured(master)
            ),
        }
    }

    fn of_branch(branch: Reference<'_>) -> anyhow::Result<Base> {
        Ok(Base {
            name: branch.name().shorten().to_str_lossy().into_owned(),
            commit: commit_of(branch)?,
        })
    }
}

/// The remote whose default branch counts.
fn remote(repo: &Repository) -> anyhow::Result<String> {
    const USUAL: &str = "origin";
    let branch = repo.head_name().map_err(foreign)?;
    let tracked =
        branch.and_then(|branch| repo.branch_remote_name(branch.shorten(), Direction::Fetch));
    // A branch may also track one of this repository, or an address that has no name here.
    if let Some(Name::Symbol(name)) = tracked {
        return Ok(name.into_owned());
    }
    let names = repo.remote_names();
    let names: Vec<_> = names.iter().map(|name| name.to_str_lossy()).collect();
    match names.as_slice() {
        // What was fetched may outlast its remote.
        [] => Ok(USUAL.to_owned()),
        [only] => Ok(only.to_string()),
        several if several.iter().any(|name| name == USUAL) => Ok(USUAL.to_owned()),
        several => {
            let shown: Vec<_> = several
                .iter()
                .map(|name| format!("`{}`", Configured(name)))
                .collect();
            bail!(
                "which remote to compare with is not clear: there are {}, and the current branch tracks none of them; \
                 {NAME_ONE}",
                shown.join(", ")
            )
        }
    }
}

/// What may be meant by a name, as git reads it.
fn places(name: &str) -> Vec<String> {
    if name == "HEAD" || name.starts_with("refs/") {
        return vec![name.to_owned()];
    }
    vec![
        format!("refs/{name}"),
        format!("refs/tags/{name}"),
        format!("refs/heads/{name}"),
        format!("refs/remotes/{name}"),
        format!("refs/remotes/{name}/HEAD"),
    ]
}

fn unknown(repo: &Repository, name: &str) -> anyhow::Error {
    let shown = Configured(name);
    let remotes = repo.remote_names();
    let near = remotes
        .iter()
        .map(|remote| format!("{}/{name}", remote.to_str_lossy()))
        .find(|near| {
            find(repo, &format!("refs/remotes/{near}")).is_ok_and(|found| found.is_some())
        });
    match near {
        Some(near) => anyhow!(
            "there is no branch, tag or commit `{shown}` here, but `{}`; name that",
            Configured(&near)
        ),
        None => {
            anyhow!("there is no branch, tag or commit `{shown}` here; fetch it, or name another")
        }
    }
}

/// The reference of this full name.
fn find<'repo>(repo: &'repo Repository, name: &str) -> anyhow::Result<Option<Reference<'repo>>> {
    let unreadable = || format!("the reference `{}` cannot be read", Configured(name));
    let name = FullName::try_from(name)
        .map_err(foreign)
        .with_context(unreadable)?;
    let found = match repo.try_find_reference(name.as_ref().as_partial_name()) {
        Ok(found) => found,
        // Where a part of the name is a branch of its own, there can be none below it.
        Err(error) if is_below_a_file(&error) => None,
        Err(error) => return Err(foreign(error)).with_context(unreadable),
    };
    // It also looks in other places.
    Ok(found.filter(|found| found.name() == name.as_ref()))
}

fn is_below_a_file(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::NotADirectory)
    })
}

pub(super) fn commit_of(mut reference: Reference<'_>) -> anyhow::Result<ObjectId> {
    let object = reference.follow_to_object().map_err(foreign);
    let commit = object.and_then(|id| commit_at(id.repo, id.detach()));
    commit.with_context(|| {
        let name = reference.name().as_bstr().to_str_lossy();
        format!("`{}` leads to no commit", Configured(&name))
    })
}

/// The commit that an object is, or that a tag is for. gix's own way from a tag to its commit panics where the tag is
/// damaged.
pub(super) fn commit_at(repo: &Repository, object: ObjectId) -> anyhow::Result<ObjectId> {
    /// Tags of tags are rare already.
    const MAX_TAGS: usize = 16;
    let mut id = object;
    for _ in 0..MAX_TAGS {
        let object = repo.find_object(id).map_err(foreign)?;
        id = match object.kind {
            Kind::Commit => return Ok(id),
            Kind::Tag => TagRefIter::from_bytes(&object.data, id.kind())
                .target_id()
                .map_err(foreign)
                .context("a tag is damaged")?,
            Kind::Tree | Kind::Blob => bail!("it is a file or a folder"),
        };
    }
    bail!("more than {MAX_TAGS} tags lead to each other")
}
