//! Packs that say of themselves what cannot be: each ends in an ordinary error, and the index stays.

use std::io::Write as _;

use cargo_test_support::prelude::IntoData;
use cargo_test_support::{cargo_test, str};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use openssl::sha::sha1;

use crate::failures::fails;
use crate::server::backend;

const BLOB: u8 = 3;
const DIFFERENCE: u8 = 6;

/// A pack that says that it holds `count` objects.
fn pack(count: u32, objects: &[&[u8]]) -> Vec<u8> {
    let mut pack = [b"PACK\0\0\0\x02".as_slice(), &count.to_be_bytes()].concat();
    pack.extend(objects.concat());
    pack.extend(sha1(&pack));
    pack
}

/// An object that says that it has `size` bytes. `base` is how far before it that lies which it is the difference from.
fn object(kind: u8, size: u64, base: Option<u8>, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | (size & 0xf) as u8];
    let mut rest = size >> 4;
    while rest > 0 {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push((rest & 0x7f) as u8);
        rest >>= 7;
    }
    bytes.extend(base);
    let mut deflate = ZlibEncoder::new(bytes, Compression::best());
    deflate.write_all(content).unwrap();
    deflate.finish().unwrap()
}

/// A file of four bytes, and one that is said to become `to` bytes as the difference from one of `from` bytes.
fn difference(from: u64, to: u64) -> Vec<u8> {
    let mut delta = Vec::new();
    for mut number in [from, to] {
        while number > 0x7f {
            delta.push(number as u8 | 0x80);
            number >>= 7;
        }
        delta.push(number as u8);
    }
    delta.extend(b"\x02ab");
    let base = object(BLOB, 4, None, b"base");
    let distance = u8::try_from(base.len()).unwrap();
    let difference = object(DIFFERENCE, delta.len() as u64, Some(distance), &delta);
    pack(2, &[&base, &difference])
}

/// A line of git's protocol.
fn line(content: &[u8]) -> Vec<u8> {
    [format!("{:04x}", content.len() + 4).as_bytes(), content].concat()
}

/// What the server sends in the place of whatever is wanted of it.
fn is_an_error(pack: Vec<u8>, expected: impl IntoData) {
    let backend = backend();
    fails(
        move |request| {
            let mut answer = backend(request);
            let body = String::from_utf8_lossy(&request.body);
            if let Some((before, after)) = body.split_once("want ") {
                let shallow = match before.contains("deepen") || after.contains("deepen") {
                    true => [
                        line(b"shallow-info\n"),
                        line(format!("shallow {}\n", &after[..40]).as_bytes()),
                        b"0001".to_vec(),
                    ]
                    .concat(),
                    false => Vec::new(),
                };
                let packed = [b"\x01", pack.as_slice()].concat();
                let parts = [
                    &shallow,
                    &line(b"packfile\n"),
                    &line(&packed),
                    &b"0000".to_vec(),
                ];
                answer.body = parts.map(Vec::as_slice).concat();
            }
            Some(answer)
        },
        expected,
    );
}

#[cargo_test]
fn an_object_claims_to_be_larger_than_memory() {
    is_an_error(
        pack(1, &[&object(BLOB, 1 << 46, None, b"text")]),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  an object in its pack is to have 70368744177664 bytes; at most 64 MiB are taken

"#]],
    );
}

#[cargo_test]
fn a_difference_claims_to_become_larger_than_memory() {
    is_an_error(
        difference(4, 1 << 46),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  an object in its pack is to have 70368744177664 bytes; at most 64 MiB are taken

"#]],
    );
}

#[cargo_test]
fn a_difference_claims_to_become_larger_than_any_address() {
    is_an_error(
        difference(4, 1 << 62),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  an object in its pack is to have 4611686018427387904 bytes; at most 64 MiB are taken

"#]],
    );
}

#[cargo_test]
fn a_difference_is_from_an_object_of_another_length() {
    is_an_error(
        difference(1 << 46, 2),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  a difference in its pack is from an object of another length

"#]],
    );
}

#[cargo_test]
fn there_are_to_be_more_objects_than_memory_can_hold() {
    is_an_error(
        pack(u32::MAX, &[&object(BLOB, 4, None, b"text")]),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  its pack is to hold 4294967295 objects; at most 1000000 are taken

"#]],
    );
}

/// What is sound of itself, but names its base by an id that is not there, is left to gix.
#[cargo_test]
fn a_difference_is_from_something_that_is_not_there() {
    let delta = b"\x04\x02\x02ab";
    let mut object = object(7, delta.len() as u64, None, delta);
    object.splice(1..1, [9; 20]);
    is_an_error(
        pack(1, &[&object]),
        str![[r#"
cannot read the database `https://127.0.0.1:[..]/advisory-db`

Caused by:
  Failed to consume the pack sent by the remote

Caused by:
  Ref delta objects are not supported as there is no way to look them up. Resolve them beforehand.

"#]],
    );
}
