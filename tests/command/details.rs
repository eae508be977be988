//! What `cargo advisory` tells of each finding: whether it touches the build, and how the workspace comes by it.

use cargo_test_support::compare::assert_e2e;
use cargo_test_support::registry::{Dependency, Package};
use cargo_test_support::{Execs, Project, cargo_test, project, str};
use serde_json::{Value, json};

use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app, app_manifest};

/// The width of the terminal, in place of one.
const WIDTH: &str = "__CARGO_TEST_TTY_WIDTH_DO_NOT_USE_THIS";

fn at_width(app: &Project, width: usize, line: &str) -> Execs {
    let mut execs = app.cargo(line);
    execs.env(WIDTH, width.to_string());
    execs
}

/// Packages on the only path to the first finding, with what leads on to the next one.
fn steps(answer: &Value) -> Vec<(&str, &Value)> {
    let paths = answer["findings"][0]["paths"].as_array().unwrap();
    assert_eq!(paths.len(), 1, "{paths:?}");
    let steps = paths[0].as_array().unwrap().iter();
    steps
        .map(|step| (step["package"].as_str().unwrap(), step))
        .collect()
}

/// A shop whose feature `secure` brings in a browser engine, whose default feature `crypto` brings in a leaky package.
fn shop() -> Project {
    Package::new("leaky-cryptography", "0.16.0").publish();
    Package::new("browser-engine", "1.2.0")
        .add_dep(Dependency::new("leaky-cryptography", "0.16").optional(true))
        .feature("default", &["crypto"])
        .feature("crypto", &["dep:leaky-cryptography"])
        .publish();
    Database::new()
        .add(
            &advisory("leaky-cryptography")
                .title("Whoever listens long enough learns the key that was used, and all that was said with it")
                .patched(">= 0.17.5, < 0.18.0")
                .patched(">= 0.18.2, < 0.19.0-alpha.1")
                .patched(">= 0.19.0")
                .field("cvss", "\"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N\"")
                .field("url", "\"https://leaks.example/advisories/1\""),
        )
        .add(
            &advisory("leaky-cryptography")
                .id("RUSTSEC-2020-0002")
                .title("Nobody looks after it")
                .informational("unmaintained"),
        )
        .index();
    project()
        .file(
            "Cargo.toml",
            r#"
                [package]
                name = "shop"
                version = "0.1.0"
                edition = "2021"

                [features]
                default = ["secure"]
                secure = ["dep:browser-engine"]

                [dependencies]
                browser-engine = { version = "1", optional = true }
            "#,
        )
        .file("src/main.rs", "fn main() {}")
        .build()
}

#[cargo_test]
fn at_80_columns() {
    at_width(&shop(), 80, "advisory --quiet")
        .with_stdout_data(str![[r#"
leaky-cryptography 0.16.0 (runtime)
    shop 0.1.0 (feature `secure`, on by default) → browser-engine 1.2.0
      (feature `crypto`, on by default) → leaky-cryptography 0.16.0
    warn  RUSTSEC-2020-0001: vulnerability, critical severity (CVSS 4.0: 9.3)
          Whoever listens long enough learns the key that was used, and all that
          was said with it
          reported [..] ago, 2020-01-01
          patched: >=0.17.5, <0.18.0 or >=0.18.2, <0.19.0-alpha.1 or >=0.19.0
          https://leaks.example/advisories/1
    allow  RUSTSEC-2020-0002: unmaintained
          Nobody looks after it
          reported [..] ago, 2020-01-01
    remedy  build `browser-engine` without its feature `crypto`, if the code can
              do without: `default-features = false` in Cargo.toml:12

"#]])
        .run();
}

#[cargo_test]
fn at_120_columns() {
    at_width(&shop(), 120, "advisory --quiet")
        .with_stdout_data(str![[r#"
leaky-cryptography 0.16.0 (runtime)
    shop 0.1.0 (feature `secure`, on by default) → browser-engine 1.2.0 (feature `crypto`, on by default)
      → leaky-cryptography 0.16.0
    warn  RUSTSEC-2020-0001: vulnerability, critical severity (CVSS 4.0: 9.3)
          Whoever listens long enough learns the key that was used, and all that was said with it
          reported [..] ago, 2020-01-01
          patched: >=0.17.5, <0.18.0 or >=0.18.2, <0.19.0-alpha.1 or >=0.19.0
          https://leaks.example/advisories/1
    allow  RUSTSEC-2020-0002: unmaintained
          Nobody looks after it
          reported [..] ago, 2020-01-01
    remedy  build `browser-engine` without its feature `crypto`, if the code can do without: `default-features = false`
              in Cargo.toml:12

"#]])
        .run();
}

#[cargo_test]
fn without_a_terminal_no_line_is_broken() {
    shop()
        .cargo("advisory --quiet")
        .env_remove(WIDTH)
        .with_stdout_data(str![[r#"
leaky-cryptography 0.16.0 (runtime)
    shop 0.1.0 (feature `secure`, on by default) → browser-engine 1.2.0 (feature `crypto`, on by default) → leaky-cryptography 0.16.0
    warn  RUSTSEC-2020-0001: vulnerability, critical severity (CVSS 4.0: 9.3)
          Whoever listens long enough learns the key that was used, and all that was said with it
          reported [..] ago, 2020-01-01
          patched: >=0.17.5, <0.18.0 or >=0.18.2, <0.19.0-alpha.1 or >=0.19.0
          https://leaks.example/advisories/1
    allow  RUSTSEC-2020-0002: unmaintained
          Nobody looks after it
          reported [..] ago, 2020-01-01
    remedy  build `browser-engine` without its feature `crypto`, if the code can do without: `default-features = false` in Cargo.toml:12

"#]])
        .run();
}

/// What a terminal with colours gets, with `^[` for the escape character as terminals show it.
fn in_colour(app: &Project, width: usize, flags: &str) -> String {
    at_width(
        app,
        width,
        &format!("advisory --quiet --color always {flags}"),
    )
    .run_stdout()
    .replace('\u{1b}', "^[")
}

#[cargo_test]
fn at_80_columns_in_colour() {
    let told = in_colour(&shop(), 80, "--config term.hyperlinks=false");

    assert_e2e().eq(
        told,
        str![[r#"
^[[1m^[[96mleaky-cryptography 0.16.0^[[0m (runtime)
    shop 0.1.0 (feature `secure`, on by default) → browser-engine 1.2.0
      (feature `crypto`, on by default) → leaky-cryptography 0.16.0
    ^[[1m^[[33mwarn^[[0m  RUSTSEC-2020-0001: vulnerability, critical severity (CVSS 4.0: 9.3)
          Whoever listens long enough learns the key that was used, and all that
          was said with it
          reported [..] ago, 2020-01-01
          patched: >=0.17.5, <0.18.0 or >=0.18.2, <0.19.0-alpha.1 or >=0.19.0
          https://leaks.example/advisories/1
    ^[[1m^[[92mallow^[[0m  RUSTSEC-2020-0002: unmaintained
          Nobody looks after it
          reported [..] ago, 2020-01-01
    ^[[1m^[[92mremedy^[[0m  build `browser-engine` without its feature `crypto`, if the code can
              do without: `default-features = false` in Cargo.toml:12

"#]],
    );
}

#[cargo_test]
fn at_120_columns_in_colour_with_links() {
    let shop = shop();
    let told = in_colour(&shop, 120, "--config term.hyperlinks=true");

    // The second advisory names no page, so there is nothing to link.
    assert_e2e().eq(told, str![[r#"
^[[1m^[[96mleaky-cryptography 0.16.0^[[0m (runtime)
    shop 0.1.0 (feature `secure`, on by default) → browser-engine 1.2.0 (feature `crypto`, on by default)
      → leaky-cryptography 0.16.0
    ^[[1m^[[33mwarn^[[0m  ^[]8;;https://leaks.example/advisories/1^[/RUSTSEC-2020-0001^[]8;;^[/: vulnerability, critical severity (CVSS 4.0: 9.3)
          Whoever listens long enough learns the key that was used, and all that was said with it
          reported [..] ago, 2020-01-01
          patched: >=0.17.5, <0.18.0 or >=0.18.2, <0.19.0-alpha.1 or >=0.19.0
          https://leaks.example/advisories/1
    ^[[1m^[[92mallow^[[0m  RUSTSEC-2020-0002: unmaintained
          Nobody looks after it
          reported [..] ago, 2020-01-01
    ^[[1m^[[92mremedy^[[0m  build `browser-engine` without its feature `crypto`, if the code can do without: `default-features = false`
              in Cargo.toml:12

"#]]);
}

/// Escapes take no columns: the lines are broken where they are without.
#[cargo_test]
fn colours_and_links_move_nothing() {
    let shop = shop();

    for width in [40, 80, 120] {
        let plain = at_width(&shop, width, "advisory --quiet").run_stdout();
        let coloured = at_width(
            &shop,
            width,
            "advisory --quiet --color always --config term.hyperlinks=true",
        )
        .run_stdout();
        assert!(coloured.contains("\u{1b}]8;;https://leaks.example/"));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
}

#[cargo_test]
fn colours_and_links_stay_out_of_a_pipe() {
    let told = shop()
        .cargo("advisory --quiet --config term.hyperlinks=true")
        .run_stdout();

    assert!(!told.contains('\u{1b}'), "{told:?}");
}

#[cargo_test]
fn without_unicode_arrows_are_ascii() {
    let told = shop()
        .cargo("advisory --quiet --config term.unicode=false")
        .run_stdout();

    assert!(
        told.contains(
            "shop 0.1.0 (feature `secure`, on by default) -> browser-engine 1.2.0 (feature `crypto`, on by default) -> \
             leaky-cryptography 0.16.0\n"
        ),
        "{told}"
    );
}

#[cargo_test]
fn the_features_on_the_path_are_in_json() {
    let answer = shop().cargo("advisory --format json").answer();

    let finding = &answer["findings"][0];
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["score"], json!(9.3));
    assert_eq!(finding["date"], "2020-01-01");
    assert_eq!(finding["features"], json!([]));
    assert_eq!(finding["remedy"]["kind"], "feature");
    let [(shop, secure), (engine, crypto), (leaky, last)] = steps(&answer)[..] else {
        panic!("{answer}");
    };
    assert_eq!(
        (shop, engine, leaky),
        ("shop", "browser-engine", "leaky-cryptography")
    );
    assert_eq!(
        *secure,
        json!({
            "package": "shop", "version": "0.1.0", "source": null, "kind": "normal", "renamed": null,
            "features": ["secure"], "by_default": true, "turned_on_by": [], "platform": null, "lacks": []
        })
    );
    assert_eq!(crypto["features"], json!(["crypto"]));
    assert_eq!(crypto["by_default"], json!(true));
    assert_eq!(last["kind"], Value::Null);
    assert_eq!(last["features"], json!([]));
}

#[cargo_test]
fn a_feature_that_another_package_turns_on_is_not_called_default() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("engine", "1.0.0")
        .add_dep(Dependency::new("leaky", "1").optional(true))
        .feature("default", &["fast"])
        .feature("fast", &[])
        .feature("full", &["leaky/std"])
        .publish();
    Package::new("leaky", "1.0.1").feature("std", &[]).publish();
    Database::new().add(&advisory("leaky")).index();

    app("engine = { version = '1', features = ['full'] }")
        .cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
leaky 1.0.1 (runtime)
    app 0.1.0 → engine 1.0.0 (features `full`, `leaky`) → leaky 1.0.1
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  build `engine` without its feature `full`, if the code can do without: `features = []` in Cargo.toml:7

"#]])
        .run();
}

#[cargo_test]
fn a_renamed_dependency_is_told_with_both_names() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let app = app("bucket = { package = 'leaky', version = '1' }");

    app.cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 (as `bucket`) → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
    let answer = app.cargo("advisory --format json").answer();
    assert_eq!(steps(&answer)[0].1["renamed"], "bucket");
}

#[cargo_test]
fn each_version_of_a_package_has_its_own_path() {
    Package::new("leaky", "1.0.0").publish();
    Package::new("leaky", "2.0.0").publish();
    Package::new("old", "1.0.0").dep("leaky", "1").publish();
    Package::new("new", "1.0.0").dep("leaky", "2").publish();
    Database::new().add(&advisory("leaky")).index();

    app("old = '1'\nnew = '1'")
        .cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    app 0.1.0 → old 1.0.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

leaky 2.0.0 (runtime)
    app 0.1.0 → new 1.0.0 → leaky 2.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

/// Two members that come by the same package, one of them on two ways, and at the last step on one.
fn diamond() -> Project {
    Package::new("leaky", "1.0.0").publish();
    Package::new("base", "1.0.0").dep("leaky", "1").publish();
    Package::new("left", "1.0.0").dep("base", "1").publish();
    Package::new("right", "1.0.0").dep("base", "1").publish();
    Package::new("top", "1.0.0")
        .dep("left", "1")
        .dep("right", "1")
        .publish();
    Database::new().add(&advisory("leaky")).index();
    project()
        .file(
            "Cargo.toml",
            "[workspace]\nmembers = ['one', 'two']\nresolver = '2'\n",
        )
        .file(
            "one/Cargo.toml",
            &app_manifest("top = '1'").replace("app", "one"),
        )
        .file("one/src/lib.rs", "")
        .file(
            "two/Cargo.toml",
            &format!(
                "{}[dev-dependencies]\nbase = '1'\n[build-dependencies]\nright = '1'\n",
                app_manifest("one = { path = '../one' }").replace("app", "two")
            ),
        )
        .file("two/build.rs", "fn main() {}")
        .file("two/src/lib.rs", "")
        .build()
}

/// Not the shortest of all: that is of a dev-dependency, and the package is there at run time.
#[cargo_test]
fn the_shortest_path_is_one_of_the_scope_that_is_told() {
    diamond()
        .cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    one 0.1.0 → top 1.0.0 → left 1.0.0 → base 1.0.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

#[cargo_test]
fn all_paths_are_a_tree_that_draws_nothing_twice() {
    let diamond = diamond();

    diamond
        .cargo("advisory --quiet --tree")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    └── base 1.0.0
        ├── left 1.0.0
        │   └── top 1.0.0
        │       └── one 0.1.0
        │           └── two 0.1.0
        └── right 1.0.0
            └── top 1.0.0 (*)
            [build-dependencies]
            └── two 0.1.0
        [dev-dependencies]
        └── two 0.1.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
    diamond
        .cargo("advisory --quiet --tree --config term.unicode=false")
        .with_stdout_data(str![[r#"
leaky 1.0.0 (runtime)
    `-- base 1.0.0
        |-- left 1.0.0
        |   `-- top 1.0.0
        |       `-- one 0.1.0
        |           `-- two 0.1.0
        `-- right 1.0.0
            `-- top 1.0.0 (*)
            [build-dependencies]
            `-- two 0.1.0
        [dev-dependencies]
        `-- two 0.1.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

/// The same dependents under the same tables in the same order, but for the words that each has of its own.
#[cargo_test]
fn the_tree_is_that_of_cargo_tree() {
    let diamond = diamond();
    let ours = diamond.cargo("advisory --quiet --tree").run_stdout();
    let theirs = diamond
        .cargo("tree --workspace --edges normal,build,dev --invert leaky --color never")
        .run_stdout();

    let drawn: Vec<String> = ours
        .lines()
        .skip(1)
        .take_while(|line| !line.contains("RUSTSEC"))
        .map(|line| line.strip_prefix("    ").unwrap().to_owned())
        .collect();
    let expected: Vec<String> = theirs
        .lines()
        .skip(1)
        .map(|line| {
            let line = line.replace(" v", " ");
            let end = line.find(" ([").unwrap_or(line.len());
            let path = line.find(" (/").unwrap_or(end);
            let star = if line.ends_with(" (*)") { " (*)" } else { "" };
            format!("{}{star}", line[..path].trim_end_matches(" (*)"))
        })
        .collect();
    assert_eq!(drawn, expected, "{ours}\n{theirs}");
}

#[cargo_test]
fn json_lists_every_path_the_best_first() {
    let answer = diamond().cargo("advisory --format json").answer();

    let paths: Vec<String> = answer["findings"][0]["paths"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| {
            let steps = path.as_array().unwrap().iter();
            let words: Vec<String> = steps
                .map(|step| match step["kind"].as_str() {
                    Some("normal") | None => step["package"].as_str().unwrap().to_owned(),
                    Some(kind) => format!("{} ({kind})", step["package"].as_str().unwrap()),
                })
                .collect();
            words.join(" ")
        })
        .collect();
    assert_eq!(
        paths,
        [
            "one top left base leaky",
            "one top right base leaky",
            "two one top left base leaky",
            "two one top right base leaky",
            "two (build) right base leaky",
            "two (dev) base leaky",
        ]
    );
}

#[cargo_test]
fn proc_macros_and_build_scripts_are_told_with_what_they_take_along() {
    Package::new("inner", "1.0.0").publish();
    Package::new("mac", "1.0.0")
        .proc_macro(true)
        .dep("inner", "1")
        .publish();
    Package::new("compiler", "1.0.0").publish();
    Package::new("native", "1.0.0")
        .add_dep(Dependency::new("compiler", "1").build())
        .file("build.rs", "fn main() {}")
        .file("src/lib.rs", "")
        .publish();
    Database::new()
        .add(&advisory("inner").id("RUSTSEC-2020-0001"))
        .add(&advisory("compiler").id("RUSTSEC-2020-0002"))
        .index();

    app("mac = '1'\nnative = '1'")
        .cargo("advisory --quiet")
        .with_stdout_data(str![[r#"
compiler 1.0.0 (build)
    app 0.1.0 → native 1.0.0 (build-dependencies) → compiler 1.0.0
    warn  RUSTSEC-2020-0002: vulnerability, severity not scored
          `compiler` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

inner 1.0.0 (build)
    app 0.1.0 → mac 1.0.0 → inner 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `inner` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known
    remedy  none: no later release is free of it

"#]])
        .run();
}

/// Cargo lets no such name pass, a registry might.
#[cargo_test]
fn hostile_names_on_a_path_cannot_act_on_the_terminal() {
    Database::new().add(&advisory("leaky")).index();
    let lockfile = "version = 4\n\
        [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"red\\u001b[31m\"]\n\
        [[package]]\nname = \"red\\u001b[31m\"\nversion = \"1.0.0\"\ndependencies = [\"leaky\"]\n\
        source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
        [[package]]\nname = \"leaky\"\nversion = \"1.0.0\"\n\
        source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let app = project().file("Other.lock", lockfile).build();

    for flag in ["", "--tree"] {
        let told = app
            .cargo("advisory --quiet --lockfile Other.lock")
            .args(&[flag][..usize::from(!flag.is_empty())])
            .run_stdout();
        assert!(told.contains(r"red\u{1b}[31m 1.0.0"), "{told}");
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }
}

#[cargo_test]
fn of_a_lockfile_alone_the_path_is_told() {
    let diamond = diamond();
    diamond.cargo("generate-lockfile").run();

    diamond
        .cargo("advisory --quiet --lockfile Cargo.lock")
        .with_stdout_data(str![[r#"
[ROOT]/foo/Cargo.lock
leaky 1.0.0 (unbuilt)
    two 0.1.0 → base 1.0.0 → leaky 1.0.0
    warn  RUSTSEC-2020-0001: vulnerability, severity not scored
          `leaky` can be attacked
          reported [..] ago, 2020-01-01
          no patched version is known

"#]])
        .run();
    let answer = diamond
        .cargo("advisory --format json --lockfile Cargo.lock")
        .answer();
    let finding = &answer["findings"][0];
    assert_eq!(finding["features"], Value::Null);
    let path = finding["paths"][0].as_array().unwrap();
    assert!(path.iter().all(|step| step["kind"].is_null()), "{path:?}");
}
