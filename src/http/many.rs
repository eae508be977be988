//! Many questions at once.

use std::collections::HashMap;

use anyhow::{Context as _, anyhow};
use curl::easy::Easy2;
use curl::multi::Easy2Handle;

use super::{Client, Collector, Request, Response, TICK, without_settings};

/// Requests on their way at a time, which is what servers let one connection carry.
const AT_ONCE: usize = 100;

impl Client {
    /// Asks one question. Every status is an answer.
    ///
    /// # Errors
    ///
    /// If there is no answer, or one that breaks off, and [`TooLong`](super::TooLong) if it is longer than the request
    /// allows.
    pub fn get(&self, request: Request) -> anyhow::Result<Response> {
        let mut answer = None;
        self.get_all(vec![request], &mut |_, response| {
            answer = Some(response);
            Ok(())
        })?;
        answer.context("there was no answer")?
    }

    /// Asks many, and calls `done` with the place of each and its answer, in the order in which these come. What
    /// [`Client::get`] would return as an error is an answer here.
    ///
    /// # Errors
    ///
    /// Those of `done`, those of curl as a whole, and when it is stopped.
    pub fn get_all(
        &self,
        requests: Vec<Request>,
        done: &mut dyn FnMut(usize, anyhow::Result<Response>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let multi = self.multi()?;
        let mut requests = requests.into_iter().enumerate();
        let mut running: HashMap<usize, Easy2Handle<Collector>> = HashMap::new();
        loop {
            let room = AT_ONCE.saturating_sub(running.len());
            for (place, request) in requests.by_ref().take(room) {
                let mut handle = multi.add2(self.transfer(&request)?)?;
                handle.set_token(place)?;
                running.insert(place, handle);
            }
            if running.is_empty() {
                return Ok(());
            }
            self.stopped()?;
            multi.perform()?;
            let mut ended = Vec::new();
            multi.messages(|message| {
                let handle = message
                    .token()
                    .ok()
                    .and_then(|place| Some((place, running.get(&place)?)));
                if let Some((place, handle)) = handle
                    && let Some(result) = message.result_for2(handle)
                {
                    ended.push((place, result));
                }
            });
            if ended.is_empty() {
                multi.wait(&mut [], TICK)?;
            }
            for (place, result) in ended {
                if let Some(handle) = running.remove(&place) {
                    done(place, response(multi.remove2(handle)?, result))?;
                }
            }
        }
    }
}

fn response(
    mut easy: Easy2<Collector>,
    result: Result<(), curl::Error>,
) -> anyhow::Result<Response> {
    let collector = easy.get_mut();
    if let Err(error) = result {
        return Err(match (collector.too_long(), collector.complaint()) {
            (Some(too_long), _) => too_long.into(),
            (None, Some(complaint)) => anyhow!(complaint),
            (None, None) => without_settings(error).into(),
        });
    }
    Ok(Response {
        status: collector.status.context("the server told no status")?,
        etag: collector.validator("etag"),
        last_modified: collector.validator("last-modified"),
        body: std::mem::take(&mut collector.body),
    })
}
