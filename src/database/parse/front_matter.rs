//! What would cost `rustsec` too much, or make it panic, told from the TOML at the head of a file before it reads that.

use serde::Deserialize;

use super::one_line;

/// Bytes of TOML at its head. The longest real one has 3,800.
pub const MAX_FRONT_MATTER: usize = 64 * 1024;
/// Requirements of one advisory, patched and unaffected together. The most that were seen are 12.
pub const MAX_REQUIREMENTS: usize = 64;
/// Tables and arrays within each other. The deepest real file has 3.
pub const MAX_DEPTH: usize = 32;

/// Bytes of front matter that are read without counting the requirements first. `rustsec` compares
/// each requirement with each other one, which takes milliseconds from here on.
const COUNT_FIRST: usize = 4096;

/// Looks at the whole text of a file.
pub(super) fn check(text: &str) -> Result<(), String> {
    let body = text
        .strip_prefix("```toml")
        .ok_or("it does not start with a block of TOML")?;
    let end = body.find("\n```").ok_or("its block of TOML does not end")?;
    let front_matter = body.get(..end).unwrap_or_default();
    if front_matter.len() > MAX_FRONT_MATTER {
        return Err(format!(
            "its block of TOML is longer than {} KiB",
            MAX_FRONT_MATTER / 1024
        ));
    }
    check_depth(front_matter)?;
    if front_matter.len() <= COUNT_FIRST {
        return Ok(());
    }

    #[derive(Deserialize)]
    struct Outline {
        versions: Lists,
    }
    #[derive(Deserialize)]
    struct Lists {
        #[serde(default)]
        patched: Vec<String>,
        #[serde(default)]
        unaffected: Vec<String>,
    }
    let Outline { versions } =
        toml::from_str(front_matter).map_err(|error| one_line(error.message()))?;
    check_count(versions.patched.len() + versions.unaffected.len())
}

fn check_depth(front_matter: &str) -> Result<(), String> {
    // Each step down takes one of these, so that hardly any file is parsed once more for it.
    let steps = |byte: &&u8| matches!(byte, b'[' | b'{' | b'.');
    if front_matter.as_bytes().iter().filter(steps).count() <= MAX_DEPTH {
        return Ok(());
    }
    let table: toml::Table =
        toml::from_str(front_matter).map_err(|error| one_line(error.message()))?;
    let mut level: Vec<&toml::Value> = table.values().filter(nests).collect();
    for _ in 0..MAX_DEPTH {
        level = level.into_iter().flat_map(within).filter(nests).collect();
    }
    if !level.is_empty() {
        return Err(format!("it is nested more than {MAX_DEPTH} deep"));
    }
    Ok(())
}

fn nests(value: &&toml::Value) -> bool {
    value.is_array() || value.is_table()
}

/// What stands directly in a table or an array.
fn within(value: &toml::Value) -> Box<dyn Iterator<Item = &toml::Value> + '_> {
    match value {
        toml::Value::Array(array) => Box::new(array.iter()),
        toml::Value::Table(table) => Box::new(table.values()),
        _ => Box::new(std::iter::empty()),
    }
}

pub(super) fn check_count(requirements: usize) -> Result<(), String> {
    if requirements > MAX_REQUIREMENTS {
        return Err(format!(
            "it has {requirements} version requirements, over the limit of {MAX_REQUIREMENTS}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::parsed;
    use super::MAX_FRONT_MATTER;

    /// `MAX_FRONT_MATTER` of nothing but steps down, in each way that TOML has. The parser gives up before it runs out of
    /// stack, also in the thread of a refresh, which has less of it.
    #[test]
    fn depth_is_limited() {
        let steps = (MAX_FRONT_MATTER - 2000) / 2;
        for front_matter in [
            format!("x = {}", "[".repeat(2 * steps)),
            format!("x = {}{}", "[".repeat(steps), "]".repeat(steps)),
            format!("x = {}1", "{a=".repeat(steps * 2 / 3)),
            format!("x{} = 1", ".a".repeat(steps)),
            format!("[x{}]", ".a".repeat(steps)),
            format!("[[x{}]]", ".a".repeat(steps)),
        ] {
            for front_matter in [
                format!("{front_matter}\n[versions]\npatched = []"),
                format!("[versions]\npatched = []\n{front_matter}"),
            ] {
                let parsed = std::thread::spawn(move || parsed(&front_matter));
                parsed.join().unwrap().unwrap_err();
            }
        }
    }

    #[test]
    fn thirty_two_steps_down_are_taken_and_one_more_is_not() {
        let reason = |front_matter: String| {
            let versions = "[versions]\npatched = []";
            parsed(&format!("{front_matter}\n{versions}"))
                .map_or_else(|reason| reason, |_| String::new())
        };
        let too_deep = "it is nested more than 32 deep";
        for (open, close) in [("[", "]"), ("{a=", "}"), ("[{a=", "}]")] {
            let steps = open.matches(['[', '{']).count();
            // The table `advisory` is a step itself.
            for (deep, expected) in [(31, false), (32, true), (33, true)] {
                let count = deep / steps;
                let rest = "[".repeat(deep % steps);
                let nested = format!(
                    "x = {}{rest}1{}{}",
                    open.repeat(count),
                    rest.replace('[', "]"),
                    close.repeat(count)
                );
                assert_eq!(reason(nested) == too_deep, expected, "{open} {deep}");
            }
        }
        for (deep, expected) in [(31, false), (32, true)] {
            let dotted = format!("x{} = 1", ".a".repeat(deep));
            assert_eq!(reason(dotted) == too_deep, expected, "{deep}");
        }
        // So much that could nest, and does not.
        let flat = format!("references = [{}]", "\"https://a.b.c/[{\",".repeat(40));
        assert_ne!(reason(flat), too_deep);
    }
}
