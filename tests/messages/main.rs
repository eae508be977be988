//! What builds print for tools with `--message-format=json`: reports, and messages that editors show.

mod editor;
mod report;

#[path = "../support/mod.rs"]
mod support;

use cargo_metadata::Message;
use cargo_test_support::Execs;

/// Runs the command, however it ends, and reads what it wrote to stdout as other tools do.
#[track_caller]
fn messages(execs: &mut Execs) -> Vec<Message> {
    let output = execs.without_status().run();
    Message::parse_stream(output.stdout.as_slice())
        .map(|message| message.unwrap())
        .collect()
}
