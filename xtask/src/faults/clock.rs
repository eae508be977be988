//! A clock that is wrong.

use anyhow::Result;

use super::Stage;
use super::process;
use super::said::{Index, Said, denied, whole};
use super::trial::{Trial, holds};
use super::world::{App, World};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
const YEARS: i64 = 3653 * DAY;

/// Row 11.
pub fn wrong(trial: &mut Trial, stage: &Stage) -> Result<()> {
    let world = stage.world()?;
    world.mended().updates()?;
    let saved = world.save()?;
    let to_1970 = HOUR - now();
    for (name, moved, index) in [
        ("1970", to_1970, Index::Doubted),
        ("-2 days", -2 * DAY, Index::Doubted),
        ("-1 hour", -HOUR, Index::Sound),
        ("+1 day", DAY, Index::Sound),
        ("+15 days", 15 * DAY, Index::Doubted),
        ("+10 years", YEARS, Index::Doubted),
    ] {
        trial.case(&format!("builds at {name}"), || {
            world.restore(&saved)?;
            let world = world.at(&moved.to_string());
            world.says(index)?;
            if index == Index::Doubted {
                tells_both_times(&world)?;
            }
            Ok(())
        })?;
    }

    // The clock is put right after the refresh, or jumps while it runs: an update has read it twice when that begins.
    for (name, moves, index) in [
        ("-2 days", format!("{}", -2 * DAY), Index::Sound),
        ("-1 hour", format!("{}", -HOUR), Index::Sound),
        ("+1 day", format!("{}", DAY - HOUR), Index::Sound),
        ("1970", format!("{to_1970}"), Index::Doubted),
        ("+15 days", format!("{}", 15 * DAY), Index::Doubted),
        ("+10 years", format!("{YEARS}"), Index::Doubted),
        (
            "10 years back amid it",
            format!("0,0,{}", -YEARS),
            Index::Sound,
        ),
        ("10 years on amid it", format!("0,0,{YEARS}"), Index::Sound),
    ] {
        trial.case(&format!("builds after a refresh at {name}"), || {
            world.restore(&saved)?;
            let ended = whole(process::run(world.at(&moves).update())?)?;
            holds!(ended.status == Ok(0), "a refresh fails: {}", ended.text());
            let now = world.at("0");
            now.says(index)?;
            now.updates()?;
            now.says(Index::Sound)
        })?;
    }
    Ok(())
}

/// A denial that believes either the clock or the index, but not both, says what both show.
fn tells_both_times(world: &World) -> Result<()> {
    let said = denied(process::run(
        world.cargo(App::Clean, "check --deny-advisories"),
    )?)?;
    let Said::Refused(line) = &said else {
        holds!(false, "it is not refused: {said:?}");
        return Ok(());
    };
    let times = line
        .split_ascii_whitespace()
        .filter(|word| word.trim_end_matches([';', ',']).ends_with('Z'))
        .count();
    holds!(times == 2, "it does not tell both times: {line}");
    Ok(())
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}
