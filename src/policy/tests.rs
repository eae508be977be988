//! What no policy may do, whatever it says.

use std::rc::Rc;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::advisory::{Advisory, Kind, Range, Registry, Severity};
use crate::check::check;
use crate::database::Snapshot;
use crate::graph::tests::package;
use crate::graph::{self, Package, Scope, Usage, Yanked};
use crate::ignore::{Ignore, What, While};
use crate::index::{self, Index, Verify};

/// The day on which the advisory came.
const APPEARED: Date = date(2026, 1, 10);

/// An index of one advisory, about `a`.
fn index(kind: Kind, severity: Option<Severity>) -> Index {
    let advisory = Advisory {
        kind,
        date: APPEARED.to_string(),
        aliases: vec!["CVE-1".to_owned()],
        severity,
        ranges: vec![Range {
            introduced: None,
            fixed: None,
        }],
        ..Advisory::example("a", "ID-1")
    };
    let snapshot = Snapshot::example(vec![advisory]);
    let source = index::Source {
        snapshot: &snapshot,
        checked: Timestamp::UNIX_EPOCH,
    };
    let now = APPEARED.in_tz("UTC").unwrap().timestamp();
    let bytes = index::compile(&[source], None, now).unwrap();
    Index::from_bytes(&bytes, Verify::All).unwrap()
}

/// All that a level can depend on but the policy.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    severity: Option<Severity>,
    usage: Option<Usage>,
    /// Days since the advisory came.
    day: i64,
    fixable: bool,
    new: bool,
}

impl Case {
    fn level(&self, policy: &Policy) -> Level {
        let index = index(self.kind, self.severity);
        let graph = Graph {
            packages: vec![Package {
                source: Rc::new(graph::Source {
                    id: None,
                    registry: Some(Registry::CratesIo),
                }),
                usage: self.usage,
                ..package("a", true)
            }],
            roots: vec![0],
            ..Graph::default()
        };
        let hits = check(&graph, &index).unwrap();
        let facts = Facts {
            today: APPEARED + self.day.days(),
            graph: &graph,
            fixable: &|_| self.fixable,
            new: &|_| self.new,
            complete: true,
            selected: false,
            elsewhere: &[],
        };
        let judgement = policy.judge(&hits.findings(&graph), &facts);
        let mut judged = judgement.findings.iter().chain(&judgement.ignored);
        judged.next().unwrap().level()
    }
}

/// Those of advisories, which is all but yanks.
const KINDS: &[Kind] = &[
    Kind::Malicious,
    Kind::Vulnerability,
    Kind::Unsound,
    Kind::Unmaintained,
    Kind::Notice,
];

prop_compose! {
    fn any_case()(
        kind in prop::sample::select(KINDS),
        severity in prop::option::of(prop::sample::select(vec![
            Severity::None, Severity::Low, Severity::Medium, Severity::High, Severity::Critical,
        ])),
        usage in prop::option::weighted(0.8, (
            prop::sample::select(vec![Scope::Runtime, Scope::Build, Scope::Dev, Scope::Unbuilt]), any::<bool>(),
        )),
        day in -3i64..20,
        fixable in any::<bool>(),
        new in any::<bool>(),
    ) -> Case {
        let usage = usage.map(|(scope, direct)| Usage { scope, direct });
        Case { kind, severity, usage, day, fixable, new }
    }
}

fn any_conditions() -> impl Strategy<Value = Vec<Set<Condition>>> {
    let conditions = [
        Condition::Runtime,
        Condition::Direct,
        Condition::MinSeverity(Severity::High),
        Condition::Fixable,
        Condition::Grace(7),
    ];
    prop::sample::subsequence(conditions.map(Set::from).to_vec(), 0..=conditions.len())
}

prop_compose! {
    fn any_selection()(
        kinds in prop::sample::subsequence(Kind::ALL.to_vec(), 0..3),
        fixable in any::<bool>(),
        runtime in any::<bool>(),
        new in any::<bool>(),
    ) -> Selection {
        Selection { kinds, fixable, runtime, new: new.then(Since::default), ..Selection::default() }
    }
}

fn any_strictness() -> impl Strategy<Value = Strictness> {
    prop_oneof![
        Just(Strictness::Rules),
        Just(Strictness::DenyWarnings),
        any_selection().prop_map(Strictness::DenyAdvisories),
    ]
}

prop_compose! {
    fn any_ignore()(
        what in prop::sample::select(vec![
            What::id("ID-1").unwrap(), What::id("cve-1").unwrap(), What::id("ID-2").unwrap(),
            What::package("a").unwrap(), What::package("a@1.0").unwrap(), What::package("b").unwrap(),
        ]),
        until in prop::option::of(-3i64..20),
        condition in prop::option::of(prop::sample::select(&While::ALL[..])),
        via in prop::option::of(prop::sample::select(vec!["a", "b"])),
    ) -> Entry {
        Entry {
            ignore: Ignore {
                what,
                reason: "a".to_owned(),
                until: until.map(|days| APPEARED + days.days()),
                condition,
                via: via.map(str::to_owned),
            },
            by: "`config.toml`".to_owned(),
            file: None,
            own: true,
        }
    }
}

prop_compose! {
    /// The same rule for every kind.
    fn any_policy()(
        level in prop::sample::select(&Level::ALL[..]),
        conditions in any_conditions(),
        strictness in any_strictness(),
        ignores in prop::collection::vec(any_ignore(), 0..3),
    ) -> Policy {
        let mut rules = Rules::default();
        for kind in Kind::ALL {
            *rules.of_mut(kind) = Rule { level: level.into(), conditions: conditions.clone() };
        }
        Policy { rules, strictness, ignores, stale_ignores: Level::Warn }
    }
}

/// `policy` with the conditions that `keep` names.
fn with_conditions(policy: &Policy, keep: impl Fn(&Condition) -> bool) -> Policy {
    let mut policy = policy.clone();
    for kind in Kind::ALL {
        let conditions = &mut policy.rules.of_mut(kind).conditions;
        conditions.retain(|condition| keep(&condition.value));
    }
    policy
}

proptest! {
    #[test]
    fn a_condition_never_raises_a_level(case in any_case(), policy in any_policy()) {
        let without = with_conditions(&policy, |_| false);
        prop_assert!(case.level(&policy) <= case.level(&without));
    }

    #[test]
    fn grace_never_raises_a_level(case in any_case(), policy in any_policy()) {
        let without = with_conditions(&policy, |condition| !matches!(condition, Condition::Grace(_)));
        prop_assert!(case.level(&policy) <= case.level(&without));
        // And once it is over it changes nothing.
        let later = Case { day: 7, ..case };
        prop_assert_eq!(later.level(&policy), later.level(&without));
    }

    #[test]
    fn grace_never_takes_more_than_one_level(case in any_case(), policy in any_policy()) {
        let without = with_conditions(&policy, |condition| !matches!(condition, Condition::Grace(_)));
        prop_assert!(case.level(&policy) >= case.level(&without).lower());
    }

    #[test]
    fn strictness_never_lowers_a_level(case in any_case(), policy in any_policy()) {
        let level = |strictness: Strictness| case.level(&Policy { strictness, ..policy.clone() });
        let rules = level(Strictness::Rules);
        let all = level(Strictness::DenyAdvisories(Selection::default()));
        let asked = level(policy.strictness.clone());
        prop_assert!(rules <= asked && asked <= all, "{rules} {asked} {all}");
        prop_assert_eq!(all, level(Strictness::DenyWarnings));
    }

    #[test]
    fn what_is_allowed_stays_allowed(case in any_case(), policy in any_policy()) {
        let rules = Policy { strictness: Strictness::Rules, ..with_conditions(&policy, |condition| {
            !matches!(condition, Condition::Grace(_))
        }) };
        if case.level(&rules) == Level::Allow {
            prop_assert_eq!(case.level(&policy), Level::Allow);
        }
    }

    #[test]
    fn an_ignore_more_never_raises_a_level(
        case in any_case(), policy in any_policy(), more in any_ignore(), first in any::<bool>()
    ) {
        let mut with = policy.clone();
        with.ignores.insert(if first { 0 } else { with.ignores.len() }, more);
        prop_assert!(case.level(&with) <= case.level(&policy));
    }

    #[test]
    fn an_ignore_that_has_expired_lowers_nothing(case in any_case(), policy in any_policy(), mut more in any_ignore()) {
        more.ignore.until = Some(APPEARED + (case.day - 1).days());
        let mut with = policy.clone();
        with.ignores.push(more);
        prop_assert_eq!(case.level(&with), case.level(&policy));
    }

    #[test]
    fn the_order_of_ignores_does_not_matter(case in any_case(), policy in any_policy()) {
        let mut reversed = policy.clone();
        reversed.ignores.reverse();
        prop_assert_eq!(case.level(&reversed), case.level(&policy));
    }

    #[test]
    fn malicious_code_is_never_ignored_by_its_package(case in any_case(), policy in any_policy()) {
        let case = Case { kind: Kind::Malicious, ..case };
        let mut with_ids = policy.clone();
        with_ids.ignores.retain(|entry| matches!(entry.ignore.what, What::Id(_)));
        prop_assert_eq!(case.level(&with_ids), case.level(&policy));
    }
}

#[test]
fn where_a_yank_is_not_known_an_ignore_of_it_may_be_needed() {
    let entry = |what: &str| Entry {
        ignore: Ignore {
            what: What::package(what).unwrap(),
            reason: "a".to_owned(),
            until: None,
            condition: None,
            via: None,
        },
        by: "`config.toml`".to_owned(),
        file: None,
        own: true,
    };
    let policy = Policy {
        rules: Rules::default(),
        strictness: Strictness::Rules,
        ignores: vec![entry("a@1.0"), entry("b")],
        stale_ignores: Level::Warn,
    };
    for (yanked, expected) in [(Yanked::No, 2), (Yanked::Unknown, 1), (Yanked::NotAsked, 1)] {
        let graph = Graph {
            packages: vec![Package {
                yanked,
                ..package("a", true)
            }],
            ..Graph::default()
        };
        let facts = Facts {
            today: APPEARED,
            graph: &graph,
            fixable: &|_| false,
            new: &|_| false,
            complete: true,
            selected: false,
            elsewhere: &[],
        };
        assert_eq!(
            policy.judge(&[], &facts).stale.len(),
            expected,
            "{yanked:?}"
        );
    }
}
