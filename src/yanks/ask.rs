//! Asks registries about packages, all at once, each whether it is still as it was.
//!
//! # Protocol
//!
//! Cargo's sparse index: a file for each package. Paths and headers are those of the crate `crates-index`, whose view of
//! cargo's own cache is not used. What is in the files is [read strictly](super::answer).
//!
//! # Memory
//!
//! Bodies of usual length come many at a time and longer ones one after the other, and what is kept of them is within a
//! [budget](super::budget), so that memory is bounded.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use crates_index::SparseIndex;
use jiff::Timestamp;
use semver::Version;

use super::answer::{Config, Release, releases, said};
use super::budget::Budget;
use super::kept::{Answer, Kept};
use super::locked::Packages;
use crate::advisory::Registry;
use crate::http::{Client, Request, Response, TooLong};
use crate::yank::{Said, Yanks};

/// Bytes of a body, decompressed, as it comes beside others. That of a crate with 1,000 releases has half of it.
const MOST_USUAL: u64 = 2 * 1024 * 1024;
/// Bytes of any body, decompressed.
const MOST: u64 = 64 * 1024 * 1024;
/// Bytes of the file that says what a registry wants.
const MOST_CONFIG: u64 = 64 * 1024;
/// How long one that may want a token is waited for to say so, in the way of the others.
const CONFIGURED: Duration = Duration::from_secs(5);

/// What to ask one registry.
#[derive(Clone, Debug)]
pub struct Question {
    pub registry: Registry,
    /// Where its index is, or that of the mirror that cargo would ask instead: a URL of `https` that ends with `/`.
    pub index: String,
    /// For this index alone, sent only where it is asked for.
    pub token: Option<Token>,
    pub packages: Packages,
}

/// A secret.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// None if it could be more than the value of a header.
    pub fn new(token: String) -> Option<Token> {
        let sound = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        (!token.is_empty() && token.bytes().all(sound)).then_some(Token(token))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What was known before.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    pub yanks: &'a Yanks,
    pub kept: &'a Kept,
}

/// What came of asking.
#[derive(Debug)]
pub struct Answers {
    /// What is known now of the packages that were asked about.
    pub yanks: Yanks,
    pub kept: Kept,
    pub unanswered: Vec<Unanswered>,
}

/// A registry of which something stays as it was known before, or unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    pub registry: Registry,
    /// How many packages were asked about, and of how many of them there is no answer.
    pub asked: usize,
    pub missing: usize,
    /// Why there is no answer about the first of them. Partly foreign text.
    pub reason: String,
}

/// What a registry answers about one package.
enum Outcome {
    Said {
        said: Said,
        /// None where it never had the package.
        answer: Option<Answer>,
    },
    /// It has no such package.
    Gone,
    Unknown(anyhow::Error),
}

/// Asks `questions` until `end`, of which the first are sent first. `progress` hears for how many packages of a question
/// there is an outcome.
pub fn ask(
    client: &Client,
    questions: &[Question],
    before: Before<'_>,
    now: Timestamp,
    end: Instant,
    progress: &dyn Fn(&Question, usize),
) -> Answers {
    let client = client.until(end);
    let mut asked: Vec<Asked<'_>> = questions
        .iter()
        .map(|question| {
            let end = end.min(Instant::now() + CONFIGURED);
            let budget = Budget::new(questions.len(), question.packages.len());
            Asked::new(question, budget, &client.until(end))
        })
        .collect();
    let mut waiting = Vec::new();
    let mut outcomes: Vec<Vec<Option<Outcome>>> = Vec::new();
    for (place, asked) in asked.iter().enumerate() {
        progress(asked.question, 0);
        outcomes.push(asked.names.iter().map(|_| None).collect());
        waiting.extend((0..asked.names.len()).map(|name| (place, name)));
    }
    let mut done = vec![0; asked.len()];
    let mut long = Vec::new();
    let mut requests = Vec::new();
    let mut places = Vec::new();
    for (place, name) in waiting {
        match asked[place].request(name, before.kept, MOST_USUAL) {
            Ok(request) => {
                requests.push(request);
                places.push((place, name));
            }
            Err(error) => outcomes[place][name] = Some(Outcome::Unknown(error)),
        }
    }
    let all = client.get_all(requests, &mut |number, response| {
        let (place, name) = places[number];
        if response.as_ref().is_err_and(|error| error.is::<TooLong>()) {
            long.push((place, name));
            return Ok(());
        }
        outcomes[place][name] = Some(asked[place].outcome(name, response, before.kept, now));
        done[place] += 1;
        progress(asked[place].question, done[place]);
        Ok(())
    });
    // Whoever comes first was asked first.
    long.sort_unstable();
    for (place, name) in long {
        let request = asked[place].request(name, before.kept, MOST);
        let response = request.and_then(|request| client.get(request));
        outcomes[place][name] = Some(asked[place].outcome(name, response, before.kept, now));
        done[place] += 1;
        progress(asked[place].question, done[place]);
    }
    let ended = match all {
        Ok(()) => "there was no answer".to_owned(),
        Err(error) => format!("{error:#}"),
    };

    let mut answers = Answers {
        yanks: Yanks::default(),
        kept: Kept::default(),
        unanswered: Vec::new(),
    };
    for (asked, outcomes) in asked.iter_mut().zip(outcomes) {
        let outcomes = outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(|| Outcome::Unknown(anyhow!("{ended}"))));
        let outcomes: Vec<Outcome> = outcomes.collect();
        let is_there = asked.is_there(&outcomes, &client);
        asked.conclude(outcomes, is_there, before, now, &mut answers);
    }
    answers
}

/// What is known of a registry that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IsThere {
    /// It has some of the packages.
    Yes,
    /// It has none of them, and is a registry all the same.
    WithNothing,
    No,
}

/// A question that is being asked.
struct Asked<'q> {
    question: &'q Question,
    names: Vec<(&'q str, &'q BTreeSet<Version>)>,
    index: SparseIndex,
    authorization: Option<String>,
    budget: Budget,
}

impl<'q> Asked<'q> {
    fn new(question: &'q Question, budget: Budget, client: &Client) -> Asked<'q> {
        // It would look there for what cargo has kept.
        let nowhere = PathBuf::from("/dev/null/nowhere");
        // It is shown only to who wants to know who asks.
        let token = question
            .token
            .as_ref()
            .filter(|_| config(client, question, None).is_some_and(|config| config.auth_required));
        Asked {
            question,
            names: question
                .packages
                .iter()
                .map(|(name, versions)| (name.as_str(), versions))
                .collect(),
            index: SparseIndex::at_path(nowhere, question.index.clone()),
            authorization: token.map(|Token(token)| format!("Authorization: {token}")),
            budget,
        }
    }

    fn request(&self, name: usize, kept: &Kept, limit: u64) -> anyhow::Result<Request> {
        let (name, _) = self.names[name];
        let builder = self.index.make_cache_request(name)?;
        let url = builder.uri_ref().context("the request has no URL")?;
        let mut headers = Vec::new();
        for (key, value) in builder.headers_ref().into_iter().flatten() {
            headers.push(format!("{key}: {}", value.to_str()?));
        }
        let known = kept.of(&self.question.index, name);
        headers.extend(known.and_then(Answer::condition));
        headers.extend(self.authorization.clone());
        Ok(Request {
            headers,
            ..Request::get(url.to_string(), limit)
        })
    }

    /// What follows of a response. What is kept of it is within the budget.
    fn outcome(
        &mut self,
        name: usize,
        response: anyhow::Result<Response>,
        kept: &Kept,
        now: Timestamp,
    ) -> Outcome {
        let (name, locked) = self.names[name];
        let mut outcome = |releases: &[Release], answer: Answer| {
            let said = said(releases, locked, now);
            let answer = Some(answer);
            self.budget.spend(name, answer.as_ref(), &said)?;
            Ok(Outcome::Said { said, answer })
        };
        let outcome = response.and_then(|response| match response.status {
            200 => {
                let releases = releases(&response.body, name)?;
                let answer = Answer::new(response.etag, response.last_modified, &releases);
                outcome(&releases, answer)
            }
            304 => {
                let known = kept.of(&self.question.index, name);
                let answer = known.filter(|known| known.condition().is_some());
                let answer =
                    answer.context("the server says that nothing has changed since never")?;
                let releases = answer.releases();
                let releases = releases.context("what it answered before is damaged")?;
                outcome(&releases, answer.clone())
            }
            404 | 410 | 451 => Ok(Outcome::Gone),
            401 if self.authorization.is_none() => {
                bail!("it wants a token, and none is known; `cargo login` takes one")
            }
            status => bail!("the server answers with status {status}"),
        });
        outcome.unwrap_or_else(Outcome::Unknown)
    }

    /// Whether the registry can be believed about packages that it does not have: a server that has nothing at all need not
    /// be the registry, or not any more.
    fn is_there(&self, outcomes: &[Outcome], client: &Client) -> IsThere {
        let answers = |outcome: &Outcome| matches!(outcome, Outcome::Said { .. });
        if outcomes.iter().any(answers) {
            return IsThere::Yes;
        }
        let misses = |outcome: &Outcome| matches!(outcome, Outcome::Gone);
        if outcomes.iter().any(misses)
            && config(client, self.question, self.authorization.as_deref())
                .is_some_and(|config| !config.downloads.is_empty())
        {
            return IsThere::WithNothing;
        }
        IsThere::No
    }

    /// What follows of all that the registry has answered.
    fn conclude(
        &mut self,
        outcomes: Vec<Outcome>,
        is_there: IsThere,
        before: Before<'_>,
        now: Timestamp,
        answers: &mut Answers,
    ) {
        let Question {
            registry, index, ..
        } = self.question;
        let mut reason = None;
        let mut missing = 0;
        for ((name, locked), outcome) in self.names.iter().zip(outcomes) {
            let known = before.kept.of(index, name);
            let is_gone =
                is_there == IsThere::Yes || is_there == IsThere::WithNothing && known.is_some();
            let outcome = match outcome {
                Outcome::Gone if is_gone => {
                    let said = said(&[], locked, now);
                    match self.budget.spend(name, known, &said) {
                        // That it was there once goes on to count.
                        Ok(()) => Outcome::Said {
                            said,
                            answer: known.cloned(),
                        },
                        Err(error) => Outcome::Unknown(error),
                    }
                }
                outcome => outcome,
            };
            let (said, answer) = match outcome {
                Outcome::Said { said, answer } => (Some(said), answer),
                Outcome::Gone => {
                    missing += 1;
                    reason.get_or_insert_with(|| "it knows none of the packages".to_owned());
                    (before.yanks.of(name, registry).cloned(), known.cloned())
                }
                Outcome::Unknown(error) => {
                    missing += 1;
                    reason.get_or_insert_with(|| format!("{error:#}"));
                    (before.yanks.of(name, registry).cloned(), known.cloned())
                }
            };
            if let Some(said) = said {
                answers.yanks.insert(name, registry.clone(), said);
            }
            if let Some(answer) = answer {
                answers.kept.insert(index, name, answer);
            }
        }
        if let Some(reason) = reason {
            answers.unanswered.push(Unanswered {
                registry: registry.clone(),
                asked: self.names.len(),
                missing,
                reason,
            });
        }
    }
}

/// What the registry of `question` says of itself. None where it is no registry; without `authorization`, one that wants a
/// token need not say anything but that.
fn config(client: &Client, question: &Question, authorization: Option<&str>) -> Option<Config> {
    let url = format!("{}config.json", question.index);
    let response = client
        .get(Request {
            headers: authorization.map(str::to_owned).into_iter().collect(),
            ..Request::get(url, MOST_CONFIG)
        })
        .ok()?;
    match response.status {
        200 => Config::read(&response.body),
        401 if authorization.is_none() => Some(Config {
            downloads: String::new(),
            auth_required: true,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_value_and_never_shown() {
        for bad in ["", "a\nb", "a\rb", "\u{e4}", "a\0b"] {
            assert!(Token::new(bad.to_owned()).is_none());
        }
        let token = Token::new("Bearer abc".to_owned()).unwrap();
        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}
