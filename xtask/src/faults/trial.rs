//! One run of one row: its cases, what failed, and its random choices.

use std::fmt;
use std::time::Instant;

use anyhow::{Error, Result};

/// A promise that did not hold. Everything else that goes wrong is a fault of the suite, and ends it.
#[derive(Debug)]
pub struct Violation(pub String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

/// Ends a case with a [`Violation`].
macro_rules! violated {
    ($($reason:tt)*) => {
        return Err($crate::faults::trial::Violation(format!($($reason)*)).into())
    };
}
pub(crate) use violated;

/// Ends a case with a [`Violation`] unless the condition holds.
macro_rules! holds {
    ($condition:expr, $($reason:tt)*) => {
        if !$condition {
            $crate::faults::trial::violated!($($reason)*);
        }
    };
}
pub(crate) use holds;

/// A case that failed.
#[derive(Debug)]
pub struct Failure {
    pub case: usize,
    /// What was done.
    pub what: String,
    /// What should not have come of it.
    pub reason: String,
}

/// Which product is tried, and which of the cases.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The defect that the product has, on purpose.
    pub defect: Option<&'static str>,
    /// Only this case.
    pub only: Option<usize>,
    pub seed: u64,
    /// Fewer samples, for everyday.
    pub quick: bool,
}

/// The state of a run.
#[derive(Debug)]
pub struct Trial {
    pub plan: Plan,
    pub tried: usize,
    pub failures: Vec<Failure>,
    next: usize,
    random: u64,
    started: Instant,
}

/// A run of a defective product ends with its first failure.
#[derive(Debug)]
pub struct Enough;

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the control has failed as it should")
    }
}

impl std::error::Error for Enough {}

impl Trial {
    pub fn new(plan: Plan) -> Trial {
        Trial {
            plan,
            tried: 0,
            failures: Vec::new(),
            next: 0,
            random: plan.seed,
            started: Instant::now(),
        }
    }

    /// Tries one case. `what` says what is done in it.
    ///
    /// # Errors
    ///
    /// All but [`Violation`], which is noted.
    pub fn case(&mut self, what: &str, case: impl FnOnce() -> Result<()>) -> Result<()> {
        let number = self.next;
        self.next += 1;
        if self.plan.only.is_some_and(|only| only != number) {
            return Ok(());
        }
        self.tried += 1;
        match case() {
            Ok(()) => Ok(()),
            Err(error) => self.fail(number, what, error),
        }
    }

    /// Notes what was tried elsewhere: so many cases, of which some failed.
    pub fn add(&mut self, cases: usize, mut failures: Vec<Failure>) -> Result<()> {
        for failure in &mut failures {
            failure.case += self.next;
        }
        self.next += cases;
        self.tried += cases;
        self.failures.append(&mut failures);
        if self.plan.defect.is_some() && !self.failures.is_empty() {
            return Err(Enough.into());
        }
        Ok(())
    }

    fn fail(&mut self, case: usize, what: &str, error: Error) -> Result<()> {
        let reason = match error.downcast::<Violation>() {
            Ok(Violation(reason)) => reason,
            Err(error) => return Err(error.context(format!("case {case}, {what}"))),
        };
        self.failures.push(Failure {
            case,
            what: what.to_owned(),
            reason,
        });
        if self.plan.defect.is_some() {
            return Err(Enough.into());
        }
        Ok(())
    }

    /// A random number below `end`, the same for the same seed.
    pub fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    /// Seconds since it began.
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        defect: None,
        only: None,
        seed: 1,
        quick: true,
    };

    fn broken() -> Result<()> {
        violated!("it is broken");
    }

    #[test]
    fn violations_are_noted_and_the_rest_ends_the_run() {
        let mut trial = Trial::new(PLAN);
        trial.case("a", || Ok(())).unwrap();
        trial.case("b", broken).unwrap();
        let error = trial
            .case("c", || anyhow::bail!("no strength"))
            .unwrap_err();
        assert_eq!(format!("{error:#}"), "case 2, c: no strength");
        assert_eq!((trial.tried, trial.failures.len()), (3, 1));
        assert_eq!(trial.failures[0].case, 1);
    }

    #[test]
    fn one_failure_of_a_defective_product_is_enough() {
        let defect = Some("x");
        let mut trial = Trial::new(Plan { defect, ..PLAN });
        assert!(trial.case("a", broken).unwrap_err().is::<Enough>());
    }

    #[test]
    fn one_case_can_be_tried_alone_and_chance_is_repeated() {
        let only = Some(1);
        let mut trial = Trial::new(Plan { only, ..PLAN });
        for _ in 0..3 {
            trial.case("a", broken).unwrap();
        }
        assert_eq!((trial.tried, trial.failures[0].case), (1, 1));
        let [mut one, mut two] = [Trial::new(PLAN), Trial::new(PLAN)];
        assert_eq!(
            [one.below(100), one.below(100)],
            [two.below(100), two.below(100)]
        );
    }
}
