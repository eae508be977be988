//! That a refresh in the background asks registries for yanks.

use std::fs;

use cargo_advisory::refresh::record::Outcome;
use cargo_test_support::registry::{Package, dl_path};
use cargo_test_support::{cargo_test, paths};

use crate::registry::{Registry, line};
use crate::server::Answer;
use crate::support::{Database, REFRESH, advisory, app};
use crate::world::World;

/// A registry in the place of crates.io that hands out `hasty`.
struct Hasty {
    registry: Registry,
    checksum: String,
}

impl Hasty {
    fn new() -> Hasty {
        let checksum = Package::new("hasty", "1.0.0").publish();
        // It puts the kit's own registry in the place of crates.io.
        fs::remove_file(paths::cargo_home().join("config.toml")).unwrap();
        let hasty = Hasty {
            checksum,
            registry: Registry::in_place_of_crates_io(),
        };
        let config = format!("{{\"dl\":\"file://{}\"}}", dl_path().display());
        hasty.answers("config.json", config);
        hasty.is_yanked(false);
        hasty
    }

    fn is_yanked(&self, yanked: bool) {
        let line = line("hasty", "1.0.0", yanked);
        self.answers("ha/st/hasty", line.replace(&"0".repeat(64), &self.checksum));
    }

    fn answers(&self, path: &str, body: String) {
        let answer = Answer::status("200 OK").body(body);
        self.registry.answer_instead(path, Some(answer));
    }

    /// How often it was asked about the package.
    fn times_asked(&self) -> usize {
        let asked = self.registry.asked();
        asked.iter().filter(|path| *path == "ha/st/hasty").count()
    }
}

/// What is locked, cargo asks about no more: that it was yanked, nobody else can tell it.
#[cargo_test]
fn a_yank_of_what_is_locked_is_told_by_the_build_after_the_next_one() {
    let hasty = Hasty::new();
    let database = Database::new();
    database.add(&advisory("other")).index_made(25);
    let world = World {
        app: app("hasty = '1'"),
        databases: vec![database.path().to_str().unwrap().to_owned()],
    };
    world.cargo("check").env(REFRESH, "never").run();
    let asked_by_cargo = hasty.times_asked();
    hasty.is_yanked(true);

    assert_eq!(world.says("check"), "");

    assert_eq!(world.wait_for_refresh().outcome, Outcome::Updated);
    assert_eq!(hasty.times_asked(), asked_by_cargo + 1);
    let told =
        "warning: 1 yanked dependency: hasty 1.0.0 (yanked); run `cargo advisory` for details\n";
    assert_eq!(world.says("check"), told);
    assert_eq!(hasty.times_asked(), asked_by_cargo + 1);
}
