//! Where a link of the terminal may lead.

use crate::advisory::Advisory;

/// A URL that is safe to hand to a terminal as the target of a link: of the web, and of nothing but printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link(String);

/// The most bytes of a target. Terminals drop longer ones.
const LONGEST: usize = 2000;

/// RustSec's own page of an advisory is this with the id and [`PAGE_END`].
const PAGE: &str = "https://rustsec.org/advisories/";
const PAGE_END: &str = ".html";

impl Link {
    /// None where the URL is of another scheme, or holds what does not belong into one.
    pub fn new(url: &str) -> Option<Link> {
        let web = url.starts_with("https://") || url.starts_with("http://");
        let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
        (web && printable && url.len() <= LONGEST).then(|| Link(url.to_owned()))
    }

    /// Where there is more about an advisory: for one of RustSec's its page there, for others what they name themselves.
    pub fn of(advisory: &Advisory, of_rustsec: bool) -> Option<Link> {
        if of_rustsec {
            Link::new(&format!("{PAGE}{}{PAGE_END}", advisory.id))
        } else {
            advisory.url.as_deref().and_then(Link::new)
        }
    }

    pub fn url(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_printable_urls_of_the_web_are_targets() {
        for url in ["https://leaks.example/a?b=c#d", "http://leaks.example"] {
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
        ] {
            assert_eq!(Link::new(url), None, "{url}");
        }
        assert_eq!(Link::new(&format!("https://{}", "x".repeat(LONGEST))), None);
    }
}
