//! The questions that a server is asked to read a snapshot, in their order, and what its answers have to be.

use anyhow::{Context as _, anyhow, bail};

use super::kept::Kept;
use super::manifest::Manifest;
use super::signature::{self, Key};
use super::{MANIFEST, MAX_MANIFEST, MAX_SIGNATURE, SIGNATURE, content};
use crate::database::{Progress, Refused, Snapshot, cure};
use crate::http::{Request, Response};
use crate::report::untrusted;

/// What is asked of a server to read a snapshot.
pub(super) struct Exchange<'a> {
    /// The URL, with a `/` at its end.
    pub(super) folder: String,
    /// Who may sign it. None means that it needs no signature.
    pub(super) keys: &'a [Key],
    pub(super) ask: &'a dyn Fn(Request) -> anyhow::Result<Response>,
    pub(super) progress: &'a (dyn Fn(Progress) + Sync),
}

impl Exchange<'_> {
    /// The snapshot, and what to keep of it.
    ///
    /// # Errors
    ///
    /// If something of it cannot be had or is not what it should be. [`Refused`] is among the causes where trying again
    /// would be of no use.
    pub(super) fn run(&self, url: &str, before: Option<&Kept>) -> anyhow::Result<(Kept, Snapshot)> {
        let mut kept = self.manifest(before)?;
        let same = before.filter(|before| before.manifest == kept.manifest);
        kept.signature = self.signature(&kept.manifest, same)?;
        let manifest = Manifest::read(&kept.manifest)?;
        kept.content = match before {
            Some(before) if manifest.index.is(&before.content) => before.content.clone(),
            _ => self.content(&manifest)?,
        };
        let snapshot = content::snapshot(url, &kept.content, manifest, self.progress)?;
        Ok((kept, snapshot))
    }

    /// The manifest, and what is to be told next time to the server that it came from.
    fn manifest(&self, before: Option<&Kept>) -> anyhow::Result<Kept> {
        let mut request = Request::get(format!("{}{MANIFEST}", self.folder), MAX_MANIFEST);
        if let Some(before) = before {
            let etag = before.etag.iter();
            let date = before.last_modified.iter();
            request.headers = etag
                .map(|etag| format!("If-None-Match: {etag}"))
                .chain(date.map(|date| format!("If-Modified-Since: {date}")))
                .collect();
        }
        let is_conditional = !request.headers.is_empty();
        let response = self.ask(request)?;
        match (response.status, before) {
            (304, Some(before)) if is_conditional => Ok(before.clone()),
            (200, _) => Ok(Kept {
                etag: response.etag,
                last_modified: response.last_modified,
                manifest: response.body,
                signature: None,
                content: Vec::new(),
            }),
            (404 | 410, _) => bail!("there is no snapshot at this address"),
            (status, _) => Err(unwanted(status)),
        }
    }

    /// A signature of this manifest that holds, unless none is needed. That of the `same` manifest may be kept.
    fn signature(&self, manifest: &[u8], same: Option<&Kept>) -> anyhow::Result<Option<Vec<u8>>> {
        let old = same.and_then(|kept| kept.signature.clone());
        if self.keys.is_empty() {
            return Ok(old);
        }
        if let Some(old) = old
            && signature::verify(self.keys, manifest, &old).is_ok()
        {
            return Ok(Some(old));
        }
        let request = Request::get(format!("{}{SIGNATURE}", self.folder), MAX_SIGNATURE);
        let response = self.ask(request)?;
        match response.status {
            200 => {
                signature::verify(self.keys, manifest, &response.body)?;
                Ok(Some(response.body))
            }
            404 | 410 => Err(Refused(signature::missing()).into()),
            status => Err(unwanted(status)),
        }
    }

    /// The file that belongs to `manifest`.
    fn content(&self, manifest: &Manifest) -> anyhow::Result<Vec<u8>> {
        let file = &manifest.index;
        // One byte more tells that it is longer.
        let limit = file.length.saturating_add(1);
        let request = Request::get(format!("{}{}", self.folder, file.name), limit);
        let response = self.ask(request)?;
        match response.status {
            200 => {
                file.check(&response.body)?;
                Ok(response.body)
            }
            404 | 410 => bail!(
                "the file that its manifest names, `{}`, is not there; its publisher runs `cargo advisory export` again",
                file.name
            ),
            status => Err(unwanted(status)),
        }
    }

    fn ask(&self, request: Request) -> anyhow::Result<Response> {
        let name = request.url.strip_prefix(&self.folder).unwrap_or_default();
        let name = name.to_owned();
        (self.ask)(request)
            .map_err(explain)
            .with_context(|| format!("`{name}` cannot be fetched"))
    }
}

/// What to do about a status that is no success.
fn unwanted(status: u32) -> anyhow::Error {
    match cure::of_status(status) {
        Some(cure) => anyhow!("HTTP status {status}").context(cure),
        None => anyhow!("the server answers with HTTP status {status}"),
    }
}

fn explain(error: anyhow::Error) -> anyhow::Error {
    let shown = untrusted::error(&error);
    match cure::of_error(&format!("{error:#}")) {
        Some(cure) => shown.context(cure),
        None => shown,
    }
}
