//! The keys of the kinds: a level, or a table of a level and the conditions under which it holds.

use std::str::FromStr;

use anyhow::bail;
use cargo::CargoResult;
use cargo::util::context::{ConfigValue, Definition};

use super::place::{Step, described, described_at};
use super::table::{Table, variable};
use super::words::{grace, graces, levels, quoted, scope, scopes, severities, severity};
use crate::advisory::Kind;
use crate::policy::{Condition, Level, Rule, Rules, Set};
use crate::report::Untrusted;

/// What the table of a kind may hold.
pub(super) const FIELDS: [&str; 5] = ["level", "scope", "min-severity", "fixable", "grace"];

/// Reads the rules of all kinds.
pub(super) fn rules(table: &Table<'_>) -> CargoResult<Rules> {
    let mut rules = Rules::default();
    for kind in Kind::ALL {
        let key = RuleKey { table, kind };
        if let Some(rule) = key.rule(&rules)? {
            *rules.of_mut(kind) = rule;
        }
    }
    Ok(rules)
}

/// The fields that a kind may have. Nothing that only an advisory of a database has is known of a yank, and nobody is to
/// build with malicious code for a while.
pub(super) fn fields(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Malicious | Kind::Yanked => &FIELDS[..4],
        Kind::Vulnerability | Kind::Unsound | Kind::Unmaintained | Kind::Notice => &FIELDS,
    }
}

struct RuleKey<'t> {
    table: &'t Table<'t>,
    kind: Kind,
}

impl RuleKey<'_> {
    /// None where nothing is said of the kind.
    fn rule(&self, defaults: &Rules) -> CargoResult<Option<Rule>> {
        let kind = self.kind.as_str();
        let value = self.table.value(kind);
        let mut of_fields = FIELDS.map(|field| format!("{kind}.{field}")).into_iter();
        let of_a_field = of_fields.find(|key| self.table.has_variable(key));
        match value {
            Some(ConfigValue::Table(table, definition)) => {
                for (field, value) in table {
                    self.refuse_unknown(field, value.definition())?;
                }
                // A variable is stronger than files, and weaker than `--config`.
                if !self.table.has_variable(kind) || matches!(definition, Definition::Cli(_)) {
                    return self.of_table(defaults).map(Some);
                }
                let name = variable(kind);
                let word = self.table.gctx.get_env(&name)?;
                let Ok(level) = Level::from_str(word) else {
                    bail!(
                        "bad value `{}` for `advisory.{kind}` in {}; allowed are {}",
                        Untrusted(word),
                        described(&Definition::Environment(name)),
                        levels()
                    );
                };
                let definition = Definition::Environment(name);
                return self.of_word(level, &definition, of_a_field).map(Some);
            }
            // Cargo does not read a word where only variables of fields are set.
            None if !self.table.has_variable(kind) => {
                return match of_a_field {
                    Some(_) => self.of_table(defaults).map(Some),
                    None => Ok(None),
                };
            }
            Some(_) | None => {}
        }
        if value.is_some_and(|value| !matches!(value, ConfigValue::String(..))) {
            // Cargo says what is wrong with it, unless a variable takes its place.
            self.table.get::<String>(kind, forms)?;
        }
        let parse = |word: &str| Level::from_str(word).ok();
        match self.table.word(kind, levels, parse)? {
            Some((level, definition)) => self.of_word(level, &definition, of_a_field).map(Some),
            None => Ok(None),
        }
    }

    /// `of_a_field` is a field whose variable is set.
    fn of_word(
        &self,
        level: Level,
        definition: &Definition,
        of_a_field: Option<String>,
    ) -> CargoResult<Rule> {
        if let Some(field) = of_a_field.filter(|_| !matches!(definition, Definition::Cli(_))) {
            let kind = self.kind;
            let field = variable(&field);
            bail!(
                "environment variable `{field}` is for a table, and `advisory.{kind}` is the word `{level}` in {}; set \
                 one of them alone",
                self.table.place(kind.as_str(), definition),
            );
        }
        Ok(Rule::always(Set {
            value: level,
            by: Some(described(definition)),
        }))
    }

    /// A field that is not set leaves the level as it is by default, and sets no condition.
    fn of_table(&self, defaults: &Rules) -> CargoResult<Rule> {
        let mut rule = Rule::always(defaults.of(self.kind).level.clone());
        if let Some(level) = self.field("level", levels, |word| Level::from_str(word).ok())? {
            rule.level = level;
        }
        if let Some(scope) = self.field("scope", scopes, scope)? {
            let condition = scope.value.map(|value| Set {
                value,
                by: scope.by,
            });
            rule.conditions.extend(condition);
        }
        rule.conditions
            .extend(self.field("min-severity", severities, severity)?);
        let key = format!("{}.fixable", self.kind);
        let truths = || "`true`, `false`".to_owned();
        if let Some(fixable) = self.table.get::<bool>(&key, truths)?
            && fixable.val
        {
            rule.conditions.push(Set {
                value: Condition::Fixable,
                by: Some(described(&fixable.definition)),
            });
        }
        rule.conditions.extend(self.field("grace", graces, grace)?);
        self.refuse_contradiction(&rule)?;
        Ok(rule)
    }

    /// Reads the field that holds a word.
    fn field<T>(
        &self,
        field: &str,
        allowed: impl Fn() -> String,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> CargoResult<Option<Set<T>>> {
        let key = format!("{}.{field}", self.kind);
        let word = self.table.word(&key, allowed, parse)?;
        Ok(word.map(|(value, definition)| Set {
            value,
            by: Some(described(&definition)),
        }))
    }

    fn refuse_unknown(&self, field: &str, definition: &Definition) -> CargoResult<()> {
        let allowed = fields(self.kind);
        if !allowed.contains(&field) {
            bail!(
                "unknown key `advisory.{}.{}` in {}; allowed are {}",
                self.kind,
                Untrusted(field),
                self.place(field, definition),
                quoted(allowed)
            );
        }
        Ok(())
    }

    /// Nothing is below `allow`, so a condition beside it means something that does not happen.
    fn refuse_contradiction(&self, rule: &Rule) -> CargoResult<()> {
        let Some(condition) = rule
            .conditions
            .first()
            .filter(|_| rule.level.value == Level::Allow)
        else {
            return Ok(());
        };
        let kind = self.kind;
        let by = |by: &Option<String>| by.clone().unwrap_or_else(|| "the defaults".to_owned());
        bail!(
            "`advisory.{kind}.level` is `allow` in {}, so `{}` in {} has nothing to lower; remove one of them, or set the level \
             to `warn` or `deny`",
            by(&rule.level.by),
            condition.value,
            by(&condition.by)
        );
    }

    /// The field may have any name, dots in it too.
    fn place(&self, field: &str, definition: &Definition) -> String {
        let kind = Step::Key(self.kind.as_str());
        described_at(definition, &[Step::Key("advisory"), kind, Step::Key(field)])
    }
}

/// What a kind may be set to.
fn forms() -> String {
    format!("{} and a table of {}", levels(), quoted(FIELDS))
}
