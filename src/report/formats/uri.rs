//! References that hold nothing but what RFC 3986 allows, since readers of these formats refuse others.

use url::Url;

use crate::report::link::Link;

/// A link as a URI. None where no browser would find a host in it.
pub(super) fn of_link(link: &Link) -> Option<String> {
    let url = Url::parse(link.url()).ok()?;
    let (before, fragment) = match url.as_str().split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (url.as_str(), None),
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&byte);
    let mut uri = encoded(before, plain);
    if let Some(fragment) = fragment {
        uri.push('#');
        uri.push_str(&encoded(fragment, plain));
    }
    Some(uri)
}

/// A path with `/` between its names as a relative reference.
pub(super) fn of_path(path: &str) -> String {
    encoded(path, |byte| {
        byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte)
    })
}

fn encoded(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::new();
    for (place, byte) in bytes.iter().enumerate() {
        // A percent sign stands for itself only where it does not encode already.
        let encodes = || {
            let digits = bytes.get(place + 1..place + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        if plain(*byte) && (*byte != b'%' || encodes()) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_a_uri() {
        for (link, expected) in [
            (
                "https://leaks.example/1?a=b&c#d",
                Some("https://leaks.example/1?a=b&c#d"),
            ),
            ("https://leaks.example", Some("https://leaks.example/")),
            (
                "https://leaks.example/##[x]|)<b>`\"%zz%41",
                Some("https://leaks.example/#%23%5Bx%5D%7C)%3Cb%3E%60%22%25zz%41"),
            ),
            (
                "https://leaks.example/[x]^\\",
                Some("https://leaks.example/%5Bx%5D%5E/"),
            ),
            ("https://leaks.example:port/", None),
            ("https://", None),
        ] {
            assert_eq!(
                of_link(&Link::new(link).unwrap()).as_deref(),
                expected,
                "{link}"
            );
        }
    }
}
