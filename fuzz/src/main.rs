//! A fuzzer of libFuzzer for the target that the environment names: `cargo xtask fuzz` runs it.

#![no_main]

use cargo_advisory_fuzz::targets::TARGETS;
use std::sync::LazyLock;

static RUN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let target = TARGETS.iter().find(|target| target.name == name);
    target
        .unwrap_or_else(|| panic!("FUZZ_TARGET names no target: `{name}`"))
        .run
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| RUN(data));
