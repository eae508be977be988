//! Signatures of manifests, as the program minisign makes them.
//!
//! A comment that is signed along with the manifest is verified and not looked at. That an old manifest is not handed out
//! again is left to the times in it: see [`crate::refresh::forward`].

use std::fmt;

use minisign_verify::{Error, PublicKey, Signature};

use super::SIGNATURE;
use crate::database::Refused;

/// The public half of a key that signs snapshots.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(PublicKey);

impl Key {
    /// Reads the second line of a file `minisign.pub`: `RW...`.
    pub fn parse(text: &str) -> Option<Key> {
        PublicKey::from_base64(text).ok().map(Key)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// # Errors
///
/// Unless `signature` is one of `manifest` by one of `keys`.
pub(super) fn verify(keys: &[Key], manifest: &[u8], signature: &[u8]) -> Result<(), Refused> {
    let text = std::str::from_utf8(signature).unwrap_or_default();
    let Ok(signature) = Signature::decode(text) else {
        return Err(Refused(format!(
            "`{SIGNATURE}` is not a signature; {}",
            mend("signs its manifest again")
        )));
    };
    let mut others = true;
    for key in keys {
        match key.0.verify(manifest, &signature, false) {
            Ok(()) => return Ok(()),
            Err(Error::UnexpectedKeyId) => {}
            Err(Error::UnexpectedAlgorithm) => {
                return Err(Refused(format!(
                    "its signature is of an old kind; {}",
                    mend("signs it without `-l`, with minisign 0.10 or later")
                )));
            }
            Err(_) => others = false,
        }
    }
    if others {
        return Err(Refused(
            "it is signed with a key that `advisory.snapshot-key` does not have; add the key if its publisher confirms it"
                .to_owned(),
        ));
    }
    Err(Refused(format!(
        "its signature is not one of its manifest, which may have been changed or is being replaced right now; try again \
         later, then {}",
        mend("signs it again")
    )))
}

/// What is wrong with a snapshot without a signature.
pub(super) fn missing() -> String {
    format!(
        "it is not signed, and `advisory.snapshot-key` is set; {}",
        mend("signs it")
    )
}

fn mend(what: &str) -> String {
    format!("its publisher {what}: `minisign -S -m manifest.json`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &[u8] = b"{\"format\":1}\n";
    /// Made by minisign 0.11, as is what follows.
    const KEY: &str = "RWTOLSnpo/zvsRnhI2/eQmokdbihK1aDNfjvTSEKbW68iw4A4TmNPus5";
    const OTHER: &str = "RWTmwDa+lx0jnlwmRLJHSt5t+OTvgakXKJsppwxbM40ARV7mjyp3ecoL";
    const SIGNATURE: &str = "untrusted comment: signature from a test\n\
        RUTOLSnpo/zvsfgIXdLq5dqqBPxr+N6qtiGX4tc1UZ9NYp+nrxrjMdEM/A90HqpD6KlnzRqgimByO07Ozr0XWkDzfynH/vAa4Qk=\n\
        trusted comment: a comment that is signed\n\
        dqBD0+DM7Q0LUw3YtgcWjfD+t/sMt/yxxigT8OzgiOclRUzRZ3dv43Uzg8pmlBjEOPc/OvXpvrDef+fTbe3NAg==\n";
    /// By the same key, with `-l`.
    const LEGACY: &str = "untrusted comment: signature from minisign secret key\n\
        RWTOLSnpo/zvsUUmlucxXVJsuAIgpYieVEKf/2pQzdtncWcJiJTKlibxcN1vjs3QGYMsQ4DOTwyn2UFsTz9yvE+MD0R2xRdYlAI=\n\
        trusted comment: timestamp:1795269754\tfile:manifest.json\n\
        MDzOtF0hrGviBZOsGhh9mNf2om0LnAp567ScrapXBFI3gA8dssvk9WTmXtto65aKov4dagZaG90gRWzowyTsAA==\n";

    fn keys(keys: &[&str]) -> Vec<Key> {
        keys.iter().map(|key| Key::parse(key).unwrap()).collect()
    }

    fn refused(names: &[&str], manifest: &[u8], signature: &str) -> String {
        verify(&keys(names), manifest, signature.as_bytes())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn one_of_the_keys_has_to_have_signed_the_manifest() {
        for known in [&[KEY][..], &[OTHER, KEY], &[KEY, OTHER]] {
            verify(&keys(known), MANIFEST, SIGNATURE.as_bytes()).unwrap();
        }
        let other = refused(&[OTHER], MANIFEST, SIGNATURE);
        assert!(other.contains("does not have; add the key"), "{other}");
        let changed = refused(&[OTHER, KEY], b"{\"format\":1}", SIGNATURE);
        assert!(changed.contains("not one of its manifest"), "{changed}");
        let legacy = refused(&[KEY], MANIFEST, LEGACY);
        assert!(legacy.contains("signs it without `-l`"), "{legacy}");
    }

    #[test]
    fn every_changed_byte_that_is_signed_or_signs_makes_it_none() {
        for at in SIGNATURE.find('\n').unwrap() + 1..SIGNATURE.len() - 1 {
            let mut bytes = SIGNATURE.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(verify(&keys(&[KEY]), MANIFEST, &bytes).is_err(), "{at}");
        }
        for end in 0..SIGNATURE.len() - 1 {
            let cut = &SIGNATURE.as_bytes()[..end];
            assert!(verify(&keys(&[KEY]), MANIFEST, cut).is_err(), "{end}");
        }
    }

    #[test]
    fn keys_are_those_of_minisign() {
        for other in [
            "",
            "RW",
            "RWQ",
            &KEY[1..],
            SIGNATURE.lines().nth(1).unwrap(),
        ] {
            assert_eq!(Key::parse(other), None, "{other}");
        }
    }
}
