//! cargo, with security advisories built in.
//!
//! Lets a refresh in the background leave its build, registers our extension and hands over to cargo's own command line: flags, aliases, output and exit codes are cargo's.

#[cfg(feature = "all-static")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    cargo_advisory::refresh::process::begin();
    cargo_advisory::extension::register();
    cargo_cli::main();
}
