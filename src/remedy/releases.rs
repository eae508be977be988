//! The releases that registries have, as far as anybody has asked for them.

use std::collections::HashSet;
use std::rc::Rc;

use anyhow::{Context as _, anyhow};
use cargo::CargoResult;
use cargo::core::{Dependency, PackageId, Registry as _, SourceId, Summary};
use cargo::sources::IndexSummary;
use cargo::sources::source::QueryKind;
use cargo::util::OptVersionReq;
use cargo::util::interning::InternedString;
use futures::executor::block_on;
use futures::future::join_all;
use semver::{Comparator, Op, Version, VersionReq};

use super::world::{World, requirement};
use crate::advisory::Registry;
use crate::graph::build::source_of;
use crate::yank::Yank;

/// One release of a registry.
#[derive(Clone, Debug)]
pub struct Release {
    pub summary: Summary,
    pub yanked: bool,
}

/// What registries are asked: the releases of a crate that meet a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    name: InternedString,
    source: SourceId,
    requirement: VersionReq,
}

/// How often an answer is followed by what it makes the resolver ask. Each time saves a whole resolve.
const AHEAD: usize = 6;

impl World<'_, '_> {
    /// What to ask for `dep`: of a crate that Cargo.lock has, all releases from there on, which do for every dependent of
    /// it; of another, only what `dep` can use. To read a release of an index takes its time, and some crates have hundreds.
    pub fn question(&self, dep: &Dependency) -> Question {
        let asked = requirement(dep).cloned().unwrap_or(VersionReq::STAR);
        let is_plain = asked.comparators.iter().all(|part| part.pre.is_empty());
        let locked = self.locked_of(dep.package_name()).iter();
        let oldest = locked
            .filter(|id| id.source_id() == dep.source_id())
            .map(|id| id.version())
            .min();
        Question {
            name: dep.package_name(),
            source: dep.source_id().without_precise(),
            requirement: match oldest {
                Some(oldest) if is_plain => from(oldest),
                _ => asked,
            },
        }
    }

    /// The releases that answer `question`, the yanked ones too, oldest first. None before they were
    /// [asked for](World::ask).
    pub fn releases(&self, question: &Question) -> Option<Rc<Vec<Release>>> {
        self.releases.borrow().get(question).cloned()
    }

    /// Asks registries, all at once, and then what the answers will make the resolver ask.
    ///
    /// # Errors
    ///
    /// When a registry cannot be asked, or does not know a crate.
    pub fn ask(&self, questions: HashSet<Question>) -> CargoResult<()> {
        let mut open: Vec<Question> = questions.into_iter().collect();
        for _ in 0..AHEAD {
            let answers = self.answer(open)?;
            let next: HashSet<Question> = answers
                .iter()
                .flat_map(|releases| self.questions_of(releases))
                .collect();
            open = next.into_iter().collect();
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    }

    fn answer(&self, questions: Vec<Question>) -> CargoResult<Vec<Rc<Vec<Release>>>> {
        let queries = questions.into_iter().map(|question| async move {
            let found = self.query(&question).await;
            let found = found.with_context(|| {
                format!("failed to look up the releases of `{}`", question.name)
            })?;
            anyhow::Ok((question, Rc::new(found)))
        });
        let mut answers = Vec::new();
        for answered in block_on(join_all(queries)) {
            let (question, found) = answered?;
            answers.push(found.clone());
            self.releases.borrow_mut().insert(question, found);
        }
        Ok(answers)
    }

    /// What the releases that the resolver looks at first will make it ask.
    fn questions_of(&self, releases: &[Release]) -> Vec<Question> {
        let mut usable = releases.iter().filter(|release| !release.yanked);
        let ends = [usable.next(), usable.next_back()];
        ends.into_iter()
            .flatten()
            .flat_map(|release| release.summary.dependencies())
            .filter(|dep| {
                dep.is_transitive() && !dep.is_optional() && dep.source_id().is_registry()
            })
            .filter(|dep| {
                let mut locked = self.locked_of(dep.package_name()).iter();
                !locked.any(|id| dep.version_req().matches(id.version()))
            })
            .map(|dep| self.question(dep))
            .filter(|question| self.releases(question).is_none())
            .collect()
    }

    /// Asks for the releases of the crates of `ids` at once, where each alone would be a way to the network and back.
    ///
    /// # Errors
    ///
    /// As [`World::ask`].
    pub fn ask_for(&self, ids: impl IntoIterator<Item = PackageId>) -> CargoResult<()> {
        let questions = ids.into_iter().map(|id| self.question_for(id));
        self.ask(questions.collect::<CargoResult<_>>()?)
    }

    /// The releases of the crate of `id`, a package of Cargo.lock, from there on. Asks for them if nobody has yet.
    ///
    /// # Errors
    ///
    /// As [`World::ask`].
    pub fn releases_of(&self, id: PackageId) -> CargoResult<Rc<Vec<Release>>> {
        let question = self.question_for(id)?;
        if self.releases(&question).is_none() {
            self.answer(vec![question.clone()])?;
        }
        Ok(self.releases(&question).expect("it was just answered"))
    }

    fn question_for(&self, id: PackageId) -> CargoResult<Question> {
        let any = Dependency::parse(id.name(), None, id.source_id().without_precise())?;
        Ok(self.question(&any))
    }

    async fn query(&self, question: &Question) -> CargoResult<Vec<Release>> {
        let mut dep = Dependency::parse(question.name, None, question.source)?;
        dep.set_version_req(OptVersionReq::Req(question.requirement.clone()));
        let mut found = self.matching(&dep).await?;
        if !self.ws.gctx().network_allowed() {
            for mut gap in gaps(found.iter().map(|release| release.summary.version())) {
                gap.comparators
                    .extend_from_slice(&question.requirement.comparators);
                dep.set_version_req(OptVersionReq::Req(gap));
                found.extend(self.matching(&dep).await?);
            }
            found.sort_by(by_version);
        }
        Ok(found)
    }

    /// The releases that meet `dep`, oldest first.
    async fn matching(&self, dep: &Dependency) -> CargoResult<Vec<Release>> {
        let mut found = Vec::new();
        // Says of each release whether it was yanked.
        let kind = QueryKind::RejectedVersions;
        self.registry
            .query(dep, kind, &mut |summary| {
                let release = match summary {
                    IndexSummary::Candidate(summary) | IndexSummary::Offline(summary) => Release {
                        summary,
                        yanked: false,
                    },
                    IndexSummary::Yanked(summary) => Release {
                        summary,
                        yanked: true,
                    },
                    IndexSummary::Unsupported(..) | IndexSummary::Invalid(_) => return,
                };
                found.push(release);
            })
            .await?;
        self.add_told_yanks(dep.source_id(), &mut found)?;
        found.sort_by(by_version);
        Ok(found)
    }

    /// What was yanked since cargo has asked for it may be known to the last refresh.
    fn add_told_yanks(&self, source: SourceId, releases: &mut [Release]) -> CargoResult<()> {
        let Some(registry) = source_of(source).registry else {
            return Ok(());
        };
        for release in releases {
            let (name, version) = (release.summary.name(), release.summary.version());
            let told = self
                .index
                .yank(&name, version, Registry::borrow(&registry))
                .map_err(|error| anyhow!("{error}"))?;
            release.yanked |= told.is_some_and(|told| told.yank != Yank::None);
        }
        Ok(())
    }
}

fn by_version(a: &Release, b: &Release) -> std::cmp::Ordering {
    a.summary.version().cmp(b.summary.version())
}

/// Requirements that all versions before, between and after `versions` meet, which are the oldest first; but for
/// pre-releases, which meet none of these.
///
/// Offline, a registry that holds a downloaded release keeps silent about those that are not, unless no other release meets
/// the requirement. So it is asked for what lies between.
pub fn gaps<'v>(versions: impl IntoIterator<Item = &'v Version>) -> Vec<VersionReq> {
    let mut gaps = vec![VersionReq::STAR];
    for version in versions {
        if let Some(last) = gaps.last_mut() {
            last.comparators.push(bound(Op::Less, version));
        }
        gaps.push(VersionReq {
            comparators: vec![bound(Op::Greater, version)],
        });
    }
    gaps
}

fn bound(op: Op, version: &Version) -> Comparator {
    Comparator {
        op,
        major: version.major,
        minor: Some(version.minor),
        patch: Some(version.patch),
        pre: version.pre.clone(),
    }
}

/// `>=version`.
fn from(version: &Version) -> VersionReq {
    VersionReq {
        comparators: vec![at_least(version)],
    }
}

/// `>=version`, as a part of a requirement.
pub fn at_least(version: &Version) -> Comparator {
    bound(Op::GreaterEq, version)
}
