//! What to do about the failures of servers that have a cure.

/// Of a server whose certificate nobody vouches for.
const CERTIFICATE: &str =
    "the server's certificate is not trusted; `http.cainfo` can name who vouches for it";
/// Of a server that says that what was asked for is elsewhere.
const REDIRECT: &str = "the server redirects; configure the address that it redirects to";
/// Of a server that does not answer everybody.
pub(super) const LOGIN: &str = "the server wants a login, which databases cannot have";

/// The cure for an answer with this HTTP status.
pub(super) fn of_status(status: u32) -> Option<&'static str> {
    match status {
        // Nothing has changed, which is no redirect.
        304 => None,
        300..=399 => Some(REDIRECT),
        401 | 403 | 407 => Some(LOGIN),
        _ => None,
    }
}

/// The cure where there was no answer, by what the error says.
pub(super) fn of_error(text: &str) -> Option<&'static str> {
    text.contains("certificate").then_some(CERTIFICATE)
}
