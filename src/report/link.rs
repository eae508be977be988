//! Where a link of the terminal may lead.

use std::rc::Rc;

use crate::advisory::Advisory;

/// A URL that is safe to hand to a terminal as the target of a link: of the web, and of nothing but printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(Rc<str>);

/// The most bytes of a target. Terminals drop longer ones.
const LONGEST: usize = 2000;

impl Link {
    /// None where the URL is of another scheme, or holds what does not belong into one.
    pub fn new(url: &str) -> Option<Link> {
        let scheme = |scheme: &str| {
            url.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let web = scheme("https://") || scheme("http://");
        let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
        (web && printable && url.len() <= LONGEST).then(|| Link(url.into()))
    }

    /// Where there is more about an advisory: for one of RustSec's its page there, for others what they name themselves.
    pub fn of(advisory: &Advisory, of_rustsec: bool) -> Option<Link> {
        if of_rustsec {
            Link::of_rustsec(&advisory.id)
        } else {
            advisory.url.as_deref().and_then(Link::new)
        }
    }

    /// Where RustSec shows one of its own advisories.
    pub fn of_rustsec(id: &str) -> Option<Link> {
        if is_plain(id) && id.starts_with("RUSTSEC-") {
            Link::new(&format!("https://rustsec.org/advisories/{id}.html"))
        } else {
            None
        }
    }

    /// Where the database that an id belongs to shows it.
    pub fn of_id(id: &str) -> Option<Link> {
        if !is_plain(id) {
            None
        } else if id.starts_with("CVE-") {
            Link::new(&format!("https://nvd.nist.gov/vuln/detail/{id}"))
        } else if id.starts_with("GHSA-") {
            Link::new(&format!("https://github.com/advisories/{id}"))
        } else {
            Link::of_rustsec(id)
        }
    }

    pub fn url(&self) -> &str {
        &self.0
    }
}

/// Whether an id has nothing in it that would be more than a part of a path.
fn is_plain(id: &str) -> bool {
    id.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_printable_urls_of_the_web_are_targets() {
        for url in [
            "https://leaks.example/a?b=c#d",
            "http://leaks.example",
            "HTTP://leaks.example",
        ] {
            assert_eq!(Link::new(url).unwrap().url(), url);
        }
        for url in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "HTTPS",
            "",
            "https://leaks.example/\u{1b}\\",
            "https://leaks.example/a b",
            "https://leaks.example/\u{202e}",
            "https://lëaks.example/",
            "//leaks.example",
            "é",
        ] {
            assert_eq!(Link::new(url), None, "{url}");
        }
        assert_eq!(Link::new(&format!("https://{}", "x".repeat(LONGEST))), None);
    }
}
