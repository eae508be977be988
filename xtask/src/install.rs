//! `cargo xtask install` and `uninstall`: our cargo as a rustup toolchain, or below a prefix.
//!
//! # Toolchain
//!
//! A folder that mirrors the active toolchain by links, with our binary as `bin/cargo`, linked into rustup under the name
//! `advisory`. `rustc` and the rest still find their own files, because they look at their real path.
//!
//! # Prefix
//!
//! Our binary under `libexec`, and a shell script `bin/cargo` that does what rustup's own `cargo` does: it pins the
//! toolchain of the current folder. Otherwise rustup's `rustc` would look for a toolchain file in the folder of each
//! dependency that it compiles.
//!
//! # Filesystem
//!
//! A list of everything that belongs to the installation is written first, then each entry is renamed into place.
//! Nothing that is not on the list is replaced or removed, and nothing that was changed since.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::installation::{Entry, Installation};
use crate::process;
use crate::product::{self, Profile};

/// The toolchain's name in rustup.
const TOOLCHAIN: &str = "advisory";

/// Where to install.
pub enum Place {
    /// As a toolchain, in this folder or the default one.
    Toolchain(Option<PathBuf>),
    /// As `bin/cargo` below this folder.
    Prefix(PathBuf),
}

/// Builds and installs our cargo.
pub fn install(place: Place, profile: Profile) -> Result<()> {
    match place {
        Place::Toolchain(folder) => {
            let rustup = Rustup::find()?;
            let folder = toolchain_folder(folder)?;
            rustup.check_free(&folder)?;
            let binary = product::build(profile)?;
            let sysroot = process::stdout(
                Command::new("rustc")
                    .args(["--print", "sysroot"])
                    .current_dir(process::root()),
            )?;
            let entries = toolchain_entries(Path::new(&sysroot), binary)?;
            toolchain_installation(&folder).install(&entries)?;
            rustup.link(&folder)?;
            println!("installed the toolchain `{TOOLCHAIN}`, a view of `{sysroot}` with our cargo");
            println!(
                "use it as `cargo +{TOOLCHAIN} build`, or in a folder after `rustup override set {TOOLCHAIN}`"
            );
        }
        Place::Prefix(prefix) => {
            let prefix = absolute(prefix)?;
            let binary = product::build(profile)?;
            prefix_installation(&prefix).install(&prefix_entries(&prefix, binary)?)?;
            println!("installed `{}`", prefix.join("bin/cargo").display());
            println!(
                "put `{}` first in PATH to use it",
                prefix.join("bin").display()
            );
        }
    }
    Ok(())
}

/// Undoes what `install` did at the same place. Where nothing is installed, there is nothing to do.
pub fn uninstall(place: Place) -> Result<()> {
    let installation = match place {
        Place::Toolchain(folder) => {
            let rustup = Rustup::find().ok();
            let linked = rustup.as_ref().and_then(Rustup::ours);
            let folder = toolchain_folder(folder.or(linked))?;
            if let Some(rustup) = rustup {
                rustup.unlink(&folder)?;
            }
            toolchain_installation(&folder)
        }
        Place::Prefix(prefix) => prefix_installation(&absolute(prefix)?),
    };
    let removed = installation.uninstall()?;
    let folder = installation.folder().display();
    match removed {
        Some(removed) => println!(
            "removed {} from `{folder}`",
            process::plural(removed, "file")
        ),
        None => println!("nothing is installed in `{folder}`"),
    }
    Ok(())
}

fn toolchain_installation(folder: &Path) -> Installation {
    Installation::new(folder.to_path_buf(), "cargo-advisory-files.txt")
}

fn prefix_installation(prefix: &Path) -> Installation {
    Installation::new(prefix.to_path_buf(), "libexec/cargo-advisory/files.txt")
}

/// Links to everything in `sysroot`, but for `bin/cargo`, which is `binary`.
fn toolchain_entries(sysroot: &Path, binary: PathBuf) -> Result<Vec<(String, Entry)>> {
    let names = |folder: &Path| -> Result<Vec<String>> {
        let entries = folder
            .read_dir()
            .with_context(|| format!("could not read `{}`", folder.display()))?;
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    let cargo = format!("cargo{}", env::consts::EXE_SUFFIX);
    let mut entries = Vec::new();
    for name in names(sysroot)?.into_iter().filter(|name| name != "bin") {
        let target = sysroot.join(&name);
        entries.push((name, Entry::Link(target)));
    }
    let bin = sysroot.join("bin");
    for name in names(&bin)?.into_iter().filter(|name| *name != cargo) {
        entries.push((format!("bin/{name}"), Entry::Link(bin.join(name))));
    }
    entries.push((format!("bin/{cargo}"), Entry::Copy(binary)));
    Ok(entries)
}

fn prefix_entries(prefix: &Path, binary: PathBuf) -> Result<Vec<(String, Entry)>> {
    let cargo = "libexec/cargo-advisory/cargo";
    let path = prefix.join(cargo);
    let path = path.to_str().context("the prefix must be UTF-8")?;
    Ok(vec![
        (cargo.to_string(), Entry::Copy(binary)),
        ("bin/cargo".to_string(), Entry::Script(script(path))),
    ])
}

/// The script that starts the binary at `cargo` with the toolchain of the current folder.
fn script(cargo: &str) -> String {
    let cargo = format!("'{}'", cargo.replace('\'', r"'\''"));
    format!(
        r#"#!/bin/sh
# cargo-advisory, installed by `cargo xtask install --prefix`.
# Like rustup's own cargo it pins the toolchain that the current folder asks for.
# Otherwise rustup's rustc would obey the toolchain files of dependencies.
case ${{1-}} in
+?*)
    RUSTUP_TOOLCHAIN=${{1#+}}
    export RUSTUP_TOOLCHAIN
    shift
    ;;
esac
if [ -z "${{RUSTUP_TOOLCHAIN-}}" ] && active=$(rustup show active-toolchain 2>/dev/null) && [ -n "$active" ]; then
    RUSTUP_TOOLCHAIN=${{active%% (*}}
    export RUSTUP_TOOLCHAIN
fi
exec {cargo} "$@"
"#
    )
}

fn toolchain_folder(folder: Option<PathBuf>) -> Result<PathBuf> {
    match folder {
        Some(folder) => absolute(folder),
        None => Ok(cargo_home()?.join("advisory-toolchain")),
    }
}

fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        return absolute(home.into());
    }
    let home = env::home_dir().context("there is no home folder; set CARGO_HOME")?;
    Ok(home.join(".cargo"))
}

fn absolute(path: PathBuf) -> Result<PathBuf> {
    std::path::absolute(&path).with_context(|| format!("`{}` is no usable path", path.display()))
}

/// What we need of rustup.
struct Rustup {
    toolchains: PathBuf,
}

impl Rustup {
    fn find() -> Result<Rustup> {
        let output = Command::new("rustup")
            .args(["show", "home"])
            .stderr(Stdio::inherit())
            .output();
        match output {
            Ok(output) if output.status.success() => {
                let home = String::from_utf8(output.stdout).context("in the answer of rustup")?;
                Ok(Rustup {
                    toolchains: Path::new(home.trim()).join("toolchains"),
                })
            }
            _ => bail!("rustup was not found; install with `--prefix DIR` instead"),
        }
    }

    /// The folder that our name stands for now.
    fn linked(&self) -> Option<PathBuf> {
        self.toolchains.join(TOOLCHAIN).read_link().ok()
    }

    /// That folder, if we have installed it.
    fn ours(&self) -> Option<PathBuf> {
        self.linked()
            .filter(|folder| toolchain_installation(folder).exists())
    }

    /// Fails if our name stands for somebody else's toolchain.
    fn check_free(&self, folder: &Path) -> Result<()> {
        let taken = self.toolchains.join(TOOLCHAIN);
        let ours = match self.linked() {
            Some(linked) => linked == folder || self.ours().is_some(),
            None => !taken.exists(),
        };
        ensure!(
            ours,
            "rustup has another toolchain `{TOOLCHAIN}`; remove it with `rustup toolchain uninstall {TOOLCHAIN}`"
        );
        Ok(())
    }

    fn link(&self, folder: &Path) -> Result<()> {
        let mut rustup = Command::new("rustup");
        rustup
            .args(["toolchain", "link", TOOLCHAIN])
            .arg(folder)
            .stdout(Stdio::null());
        process::run(&mut rustup, "`rustup toolchain link`")
    }

    /// Removes our name if it stands for `folder`.
    fn unlink(&self, folder: &Path) -> Result<()> {
        if self.linked().is_none_or(|linked| linked != folder) {
            return Ok(());
        }
        let mut rustup = Command::new("rustup");
        rustup
            .args(["toolchain", "uninstall", TOOLCHAIN])
            .stdout(Stdio::null());
        process::run(&mut rustup, "`rustup toolchain uninstall`")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    /// A folder with a false `rustup` and our script for a false cargo, which prints its arguments and toolchain.
    fn world(rustup: &str) -> tempfile::TempDir {
        let world = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| write_program(&world.path().join(name), text);
        write("rustup", rustup);
        write("it's cargo", "#!/bin/sh\necho \"$RUSTUP_TOOLCHAIN:$*\"\n");
        write(
            "cargo",
            &script(world.path().join("it's cargo").to_str().unwrap()),
        );
        world
    }

    /// Has another process write the file. A file that this one has open for writing is open in whatever another test
    /// starts just then, and the system runs no program that somebody may be writing.
    fn write_program(path: &Path, text: &str) {
        let mut install = Command::new("install")
            .args(["-m", "755", "/dev/stdin"])
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        install
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        assert!(install.wait().unwrap().success());
    }

    fn answer(world: &tempfile::TempDir, toolchain: Option<&str>, args: &[&str]) -> String {
        let mut command = Command::new(world.path().join("cargo"));
        command
            .args(args)
            .env("PATH", format!("{}:/usr/bin:/bin", world.path().display()));
        match toolchain {
            Some(toolchain) => command.env("RUSTUP_TOOLCHAIN", toolchain),
            None => command.env_remove("RUSTUP_TOOLCHAIN"),
        };
        process::stdout(&mut command).unwrap()
    }

    #[test]
    fn the_script_pins_the_toolchain_of_the_folder() {
        let world = world("#!/bin/sh\necho 'my toolchain (overridden by rust-toolchain.toml)'\n");
        assert_eq!(
            answer(&world, None, &["build", "-v"]),
            "my toolchain:build -v"
        );
        assert_eq!(answer(&world, Some("set"), &["build"]), "set:build");
        assert_eq!(
            answer(&world, Some("set"), &["+named", "build"]),
            "named:build"
        );
        assert_eq!(answer(&world, None, &["+named"]), "named:");
    }

    #[test]
    fn the_script_works_where_rustup_cannot_answer() {
        assert_eq!(
            answer(&world("#!/bin/sh\nexit 1\n"), None, &["build"]),
            ":build"
        );
    }

    #[test]
    fn a_toolchain_is_all_links_but_cargo() {
        let sysroot = tempfile::tempdir().unwrap();
        for name in ["bin", "lib"] {
            fs::create_dir(sysroot.path().join(name)).unwrap();
        }
        for name in ["cargo", "rustc"] {
            fs::write(sysroot.path().join("bin").join(name), name).unwrap();
        }
        let mut entries = toolchain_entries(sysroot.path(), "ours".into()).unwrap();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            ("bin/cargo", Entry::Copy("ours".into())),
            ("bin/rustc", Entry::Link(sysroot.path().join("bin/rustc"))),
            ("lib", Entry::Link(sysroot.path().join("lib"))),
        ];
        assert_eq!(
            entries,
            expected.map(|(name, entry)| (name.to_string(), entry))
        );
    }
}
