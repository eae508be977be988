//! Gives upstream's command line what its own build script would: the host's name and an archive of the manual pages.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};

/// Folders with manual pages below the patched source, and the extension of the pages in each.
const PAGES: [(&str, &str); 2] = [("src/etc/man", "1"), ("src/doc/man/generated_txt", "txt")];

fn main() -> io::Result<()> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../made-by-cargo-xtask-fork");
    let out_dir = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    let archive = fs::File::create(Path::new(&out_dir).join("man.tgz"))?;
    let mut archive = tar::Builder::new(GzEncoder::new(archive, Compression::best()));
    archive.mode(tar::HeaderMode::Deterministic);
    for (folder, extension) in PAGES {
        let folder = source.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        for page in pages(&folder, extension)? {
            let name = page.file_name().expect("a directory entry has a name");
            archive.append_path_with_name(&page, name)?;
        }
    }
    archive.into_inner()?.finish()?;

    let target = env::var("TARGET").expect("cargo sets TARGET for build scripts");
    println!("cargo::rustc-env=RUST_HOST_TARGET={target}");
    Ok(())
}

/// The files of `folder` that end in `extension`, sorted by name.
fn pages(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            pages.push(path);
        }
    }
    pages.sort();
    Ok(pages)
}
