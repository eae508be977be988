//! What a web server sends in the place of a snapshot: an error, or advisories that a database can have, from the files
//! that the manifest names and, where there is a key, somebody with that key has signed.
//!
//! The input has four parts with [`BETWEEN`] between them: a line of letters that say what the server does, a manifest, a
//! signature, and a file of advisories.

use crate::advisory::Kind;
use crate::database::published::{
    Fetched, Key, MANIFEST, MAX_CONTENT, SIGNATURE, export, fetch, survives,
};
use crate::database::{MAX_ORIGINS, Origin, Snapshot};
use crate::http::{Request, Response};
use crate::index::{Index, Source, Verify, compile, timeless};
use crate::memory::peak_of;
use jiff::Timestamp;
use minisign::{KeyPair, SignatureBox};
use serde_json::Value;
use std::io::Cursor;
use std::sync::LazyLock;

const URL: &str = "sparse+https://a.example/";
const BETWEEN: &[u8] = b"\n----\n";

/// What may be held for each byte that is unpacked: an advisory without a word in it is more than its entry in an index.
const PER_BYTE: usize = 24;
const MORE: usize = 1 << 20;

/// The letters of the first line.
const KEYED: u8 = b'k';
/// The manifest is signed as it is, and not with what the input holds.
const SIGNED: u8 = b's';
/// The manifest of the sound snapshot is signed, and not the one that is sent.
const REPLAYED: u8 = b'r';
/// The manifest names the file as it is sent.
const NAMED: u8 = b'n';
/// The file is an index that is yet to be packed.
const PACKED: u8 = b'p';
/// The checks of that index are made right.
const REPAIRED: u8 = b'i';
/// What was kept is the sound snapshot.
const KEPT: u8 = b'b';
/// The server says that the manifest is the same.
const UNCHANGED: u8 = b'u';

pub(super) fn run(data: &[u8]) {
    is_accepted(data);
}

/// Whether the input is a snapshot that is taken.
pub fn is_accepted(data: &[u8]) -> bool {
    let mut parts = parts(data);
    let [does, manifest, signature, content] =
        [0; 4].map(|_| parts.next().unwrap_or_default().to_vec());
    let does = |letter: u8| does.contains(&letter);
    let content = match (does(PACKED), does(REPAIRED)) {
        (false, _) => content,
        (true, false) => packed(&content),
        (true, true) => packed(&super::index::repaired(&content).unwrap_or(content)),
    };
    let manifest = match does(NAMED) {
        true => naming(&manifest, &content).unwrap_or(manifest),
        false => manifest,
    };
    let signature = match (does(SIGNED), does(REPLAYED)) {
        (_, true) => sign(&SOUND.manifest),
        (true, false) => sign(&manifest),
        (false, false) => signature,
    };
    let server = Server {
        unchanged: does(UNCHANGED),
        manifest,
        signature,
        content,
    };
    let key = [key()];
    let keys = if does(KEYED) { &key[..] } else { &[] };
    let before: Option<&Fetched> = does(KEPT).then(|| match keys {
        [] => &*BARE,
        _ => &*CHECKED,
    });

    let ask = |request| server.answer(request);
    let (found, peak) = peak_of(|| fetch(URL, keys, &ask, before));

    let sent = server.manifest.len() + server.signature.len() + server.content.len();
    let most = 8 * sent + MORE;
    let is_bounded = peak <= most || peak <= most + PER_BYTE * unpacked(&server.content);
    assert!(is_bounded, "{peak} bytes are held for {sent}");
    if let Some(survives) = survives(&server.manifest) {
        // A longer one may be too long in our way of writing.
        assert!(survives || server.manifest.len() > 8 * 1024);
    }
    match found {
        Err(error) => {
            let shown = format!("{error:#}");
            assert!(!shown.is_empty() && shown.chars().count() < 400, "{shown}");
            assert!(!shown.contains(char::is_control), "{shown:?}");
            false
        }
        Ok((fetched, snapshot)) => {
            if !keys.is_empty() {
                assert_signed(&fetched);
            }
            assert_manifest(&fetched, &snapshot);
            assert_sound(&snapshot);
            assert_eq!(
                fetched.again(URL).as_ref(),
                Some(&fetched),
                "it is not kept"
            );
            let same = Server {
                unchanged: true,
                manifest: fetched.manifest().to_vec(),
                signature: fetched.signature().unwrap_or_default().to_vec(),
                content: Vec::new(),
            };
            let again = fetch(URL, keys, &|request| same.answer(request), Some(&fetched));
            assert_eq!(again.expect("nothing is new").1, snapshot);
            true
        }
    }
}

fn parts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    let mut left = 4;
    std::iter::from_fn(move || {
        let all = rest.take()?;
        left -= 1;
        let mut windows = all.windows(BETWEEN.len());
        match windows.position(|window| window == BETWEEN) {
            Some(at) if left > 0 => {
                rest = Some(&all[at + BETWEEN.len()..]);
                Some(&all[..at])
            }
            _ => Some(all),
        }
    })
}

/// What a server hands out.
struct Server {
    unchanged: bool,
    manifest: Vec<u8>,
    signature: Vec<u8>,
    content: Vec<u8>,
}

impl Server {
    fn answer(&self, request: Request) -> anyhow::Result<Response> {
        let name = request.url.rsplit('/').next().unwrap_or_default();
        let unchanged = self.unchanged && name == MANIFEST;
        let body = match name {
            _ if unchanged => &[][..],
            MANIFEST => &self.manifest,
            SIGNATURE => &self.signature,
            _ => &self.content,
        };
        // Which the client does.
        if body.len() as u64 > request.limit {
            anyhow::bail!("it is too long");
        }
        Ok(Response {
            status: match unchanged {
                true => 304,
                false if body.is_empty() => 404,
                false => 200,
            },
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
            body: body.to_vec(),
        })
    }
}

/// As another program verifies it.
fn assert_signed(fetched: &Fetched) {
    let text = fetched.signature().expect("there is a signature");
    let text = std::str::from_utf8(text).expect("it is a text");
    let signature = SignatureBox::from_string(text).expect("it is a signature");
    let manifest = Cursor::new(fetched.manifest());
    minisign::verify(&KEYS.pk, &signature, manifest, true, false, false).expect("it is signed");
}

/// The manifest as plain JSON says what the snapshot holds.
fn assert_manifest(fetched: &Fetched, snapshot: &Snapshot) {
    let manifest: Value = serde_json::from_slice(fetched.manifest()).expect("it is JSON");
    let hash = blake3::hash(fetched.content()).to_hex().to_string();
    let file = &manifest["index"];
    assert_eq!(manifest["format"], 1);
    assert_eq!(file["blake3"], hash.as_str());
    assert_eq!(file["name"], format!("{hash}.snapshot"));
    assert_eq!(file["length"], fetched.content().len());
    assert_eq!(manifest["advisories"], snapshot.advisories.len());
    let databases = manifest["databases"].as_array().expect("a list");
    assert!((1..=MAX_ORIGINS).contains(&databases.len()));
    let published = snapshot.published.as_ref().expect("it was published");
    assert_eq!(published.content, hash);
    assert_eq!(published.origins.len(), databases.len());
    for (origin, database) in published.origins.iter().zip(databases) {
        assert_eq!(database["url"], origin.url.as_str());
        assert!(origin.url.len() <= 2000);
        assert!(
            origin
                .commit
                .as_ref()
                .is_none_or(|commit| commit.len() <= 64)
        );
    }
}

/// What is relied on: names become parts of nothing but names, what is shown of others is short, and an index can be made
/// of it, which is read again.
fn assert_sound(snapshot: &Snapshot) {
    let is_name = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !name.is_empty() && name.chars().all(plain)
    };
    for advisory in &snapshot.advisories {
        assert!(is_name(&advisory.package), "{}", advisory.package);
        assert!(is_name(&advisory.id), "{}", advisory.id);
        assert!(advisory.kind != Kind::Yanked);
        assert!(advisory.ranges.len() <= 65);
    }
    for gone in &snapshot.withdrawn {
        assert!(is_name(&gone.package) && is_name(&gone.id), "{gone:?}");
    }
    for record in &snapshot.quarantined {
        let texts = [&record.path, &record.reason];
        let texts = texts.into_iter().chain(&record.package);
        assert!(texts.into_iter().all(|text| text.chars().count() <= 200));
    }
    let source = Source {
        snapshot,
        checked: Timestamp::UNIX_EPOCH,
    };
    let bytes = compile(&[source], None, Timestamp::UNIX_EPOCH).expect("an index is made of it");
    let index = Index::from_bytes(&bytes, Verify::All).expect("it was just made");
    let records = index.records().expect("it was just made");
    assert_eq!(records.advisories, snapshot.advisories);
}

/// How many bytes `content` has when it is unpacked, as far as that is done.
fn unpacked(content: &[u8]) -> usize {
    use std::io::Read as _;
    let mut all = flate2::read::MultiGzDecoder::new(content).take(MAX_CONTENT);
    std::io::copy(&mut all, &mut std::io::sink()).map_or(MAX_CONTENT as usize, |n| n as usize)
}

/// The manifest with the file that is sent, and as many advisories as that says that it has.
fn naming(manifest: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut manifest: Value = serde_json::from_slice(manifest).ok()?;
    let object = manifest.as_object_mut()?;
    let blake3 = blake3::hash(content).to_hex().to_string();
    let file = serde_json::json!({
        "name": format!("{blake3}.snapshot"),
        "length": content.len(),
        "blake3": blake3,
    });
    object.insert("index".to_owned(), file);
    let mut index = Vec::new();
    let mut all = flate2::read::MultiGzDecoder::new(content).take(MAX_CONTENT);
    if all.read_to_end(&mut index).is_ok()
        && let Ok(index) = Index::from_bytes(&index, Verify::Used)
    {
        object.insert("advisories".to_owned(), index.advisories().into());
    }
    serde_json::to_vec(&manifest).ok()
}

fn packed(index: &[u8]) -> Vec<u8> {
    let origin = Origin {
        url: String::new(),
        commit: None,
        committed: None,
        checked: Timestamp::UNIX_EPOCH,
    };
    let (_, content) = export(index, 0, vec![origin]).expect("it has a manifest");
    content
}

fn sign(manifest: &[u8]) -> Vec<u8> {
    let comment = Some("a comment");
    let manifest = Cursor::new(manifest);
    let signature = minisign::sign(Some(&KEYS.pk), &KEYS.sk, manifest, comment, comment);
    let signature = signature.expect("it can be signed");
    signature.into_string().into_bytes()
}

/// The publisher's, for as long as this process runs: no input can hold what was signed with it.
static KEYS: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate_unencrypted_keypair().expect("there are keys"));

/// What a publisher hands out.
static SOUND: LazyLock<Server> = LazyLock::new(|| {
    let index = index();
    let advisories = Index::from_bytes(&index, Verify::All).map(|index| index.advisories());
    let origin = Origin {
        url: "https://b.example/db".to_owned(),
        commit: Some("c".repeat(40)),
        committed: Some(Timestamp::UNIX_EPOCH),
        checked: Timestamp::UNIX_EPOCH,
    };
    let advisories = advisories.expect("it was just made");
    let (manifest, content) = export(&index, advisories, vec![origin]).expect("it is sound");
    Server {
        unchanged: false,
        signature: sign(&manifest),
        manifest,
        content,
    }
});

/// The same, as it is kept by who has no key, and by who has one.
static BARE: LazyLock<Fetched> = LazyLock::new(|| kept(&[]));
static CHECKED: LazyLock<Fetched> = LazyLock::new(|| kept(&[key()]));

fn kept(keys: &[Key]) -> Fetched {
    let fetched = fetch(URL, keys, &|request| SOUND.answer(request), None);
    fetched.expect("it is sound").0
}

fn key() -> Key {
    Key::parse(&KEYS.pk.to_base64()).expect("it is one")
}

/// The index in it.
fn index() -> Vec<u8> {
    let bytes: Vec<u8> = (99..=255).chain(0..99).cycle().take(700).collect();
    let mut snapshot = crate::draw::Draw(&bytes).snapshot("https://b.example/db");
    for advisory in &mut snapshot.advisories {
        // No database has such.
        if advisory.kind == Kind::Yanked {
            advisory.kind = Kind::Vulnerability;
        }
    }
    let source = Source {
        snapshot: &snapshot,
        checked: Timestamp::UNIX_EPOCH,
    };
    let index = compile(&[source], None, Timestamp::UNIX_EPOCH).expect("it holds advisories");
    timeless(&index).expect("it was just made")
}

/// Files to begin with, which are of the format of today: the name of each, whether it is to be taken, and what is in it.
pub fn seeds() -> Vec<(&'static str, bool, Vec<u8>)> {
    let sound = &*SOUND;
    let input = |does: &str, manifest: &[u8], signature: &[u8], content: &[u8]| {
        [does.as_bytes(), manifest, signature, content].join(BETWEEN)
    };
    let whole =
        |does: &str, signature: &[u8]| input(does, &sound.manifest, signature, &sound.content);
    let plain = |does| input(does, &sound.manifest, b"", &index());
    let half = &index()[..index().len() / 2];
    let foreign = b"untrusted comment: signature from a test\n\
        RUTOLSnpo/zvsfgIXdLq5dqqBPxr+N6qtiGX4tc1UZ9NYp+nrxrjMdEM/A90HqpD6KlnzRqgimByO07Ozr0XWkDzfynH/vAa4Qk=\n\
        trusted comment: a comment that is signed\n\
        dqBD0+DM7Q0LUw3YtgcWjfD+t/sMt/yxxigT8OzgiOclRUzRZ3dv43Uzg8pmlBjEOPc/OvXpvrDef+fTbe3NAg==\n";
    vec![
        ("without-key", true, whole("", b"")),
        ("unsigned", false, whole("k", b"")),
        ("signed", true, whole("ks", b"")),
        ("signed-by-another", false, whole("k", foreign)),
        ("replayed", false, plain("krpn")),
        ("unchanged", true, whole("ksbu", b"")),
        ("index", true, plain("pn")),
        ("index-repaired", true, plain("pin")),
        ("index-signed", true, plain("kspin")),
        ("index-cut", false, input("pin", &sound.manifest, b"", half)),
        (
            "bomb",
            false,
            input(
                "n",
                &sound.manifest,
                b"",
                &packed(&vec![0; 64 * MAX_CONTENT as usize]),
            ),
        ),
        ("nothing", false, Vec::new()),
    ]
}
