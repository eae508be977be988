use proptest::prelude::*;

use super::*;

const ADVISORY: Path = &["advisory"];
const METADATA: Path = &["workspace", "metadata", "advisory"];

fn entry(id: &str) -> Ignore {
    toml::from_str(&format!("id = '{id}'\nreason = 'a, b # c'")).unwrap()
}

/// Adds an entry, shows the file, and sees that the file is what it was when the entry is removed.
#[track_caller]
fn adds(path: Path, before: &str, after: &str) {
    let added = add(before, path, &entry("B-1")).unwrap();
    assert_eq!(added, after);
    let last = entries(&added, path).unwrap().len() - 1;
    assert_eq!(remove(&added, path, last).unwrap(), before);
}

#[test]
fn a_file_without_the_table_gets_it_at_the_end() {
    adds(
        ADVISORY,
        "",
        "[advisory]\nignore = [\n    { id = \"B-1\", reason = \"a, b # c\" },\n]\n",
    );
    adds(
        ADVISORY,
        "[build]\njobs = 2\n",
        "[build]\njobs = 2\n\n[advisory]\nignore = [\n    { id = \"B-1\", reason = \"a, b # c\" },\n]\n",
    );
    adds(
        ADVISORY,
        "# only a comment",
        "# only a comment\n\n[advisory]\nignore = [\n    { id = \"B-1\", reason = \"a, b # c\" },\n]",
    );
}

#[test]
fn a_table_with_other_keys_gets_one_more() {
    adds(
        ADVISORY,
        "[advisory]\nunsound = 'deny' # all of it\n\n# the rest\n[build]\njobs = 2\n",
        "[advisory]\nunsound = 'deny' # all of it\nignore = [\n    { id = \"B-1\", reason = \"a, b # c\" },\n]\n\n\
         # the rest\n[build]\njobs = 2\n",
    );
}

#[test]
fn an_array_keeps_its_form() {
    let line = "{ id = \"B-1\", reason = \"a, b # c\" }";
    let one = "{ id = 'A-1', reason = 'a' }";
    for (before, after) in [
        (format!("[{one}]"), format!("[{one}, {line}]")),
        (format!("[ {one}, ]"), format!("[ {one}, {line}, ]")),
        (
            format!("[\n  {one},\n]"),
            format!("[\n  {one},\n  {line},\n]"),
        ),
        (
            format!("[\n  {one}\n]"),
            format!("[\n  {one},\n  {line}\n]"),
        ),
        (
            format!("[\n\t{one}, # why, here\n\t# more\n]"),
            format!("[\n\t{one}, # why, here\n\t{line},\n\t# more\n]"),
        ),
        (
            format!("[\n  {one} # why, here\n]"),
            format!("[\n  {one}, # why, here\n  {line}\n]"),
        ),
        (format!("[\n  {one}]"), format!("[\n  {one},\n  {line}]")),
        (
            format!("[{one},\n {one}]"),
            format!("[{one},\n {one},\n {line}]"),
        ),
    ] {
        adds(
            ADVISORY,
            &format!("[advisory]\nignore = {before}\n"),
            &format!("[advisory]\nignore = {after}\n"),
        );
        adds(
            ADVISORY,
            &format!("advisory.ignore = {before} # x\n[b]\n"),
            &format!("advisory.ignore = {after} # x\n[b]\n"),
        );
    }
}

#[test]
fn an_inline_table_stays_one() {
    adds(
        ADVISORY,
        "advisory = { enabled = true, unsound.level = 'deny' }\n",
        "advisory = { enabled = true, unsound.level = 'deny', \
         ignore = [{ id = \"B-1\", reason = \"a, b # c\" }] }\n",
    );
    adds(
        ADVISORY,
        "advisory = {} # x",
        "advisory = { ignore = [{ id = \"B-1\", reason = \"a, b # c\" }] } # x",
    );
}

#[test]
fn dotted_keys_stay_dotted() {
    adds(
        ADVISORY,
        "advisory.unsound.level = 'deny' # x\nbuild.jobs = 2\n",
        "advisory.unsound.level = 'deny' # x\nadvisory.ignore = [\n    { id = \"B-1\", reason = \"a, b # c\" },\n]\n\
         build.jobs = 2\n",
    );
    adds(
        METADATA,
        "[workspace]\nmetadata.advisory.unsound = 'deny'",
        "[workspace]\nmetadata.advisory.unsound = 'deny'\nmetadata.advisory.ignore = [\n    \
         { id = \"B-1\", reason = \"a, b # c\" },\n]",
    );
}

#[test]
fn tables_stay_tables() {
    let one = "  [[ advisory.ignore ]]\n  id = 'A-1' # x\n  reason = '''a\nb'''";
    for (rest, added) in [("\n", ""), ("", ""), (" # y\n# z\n\n[build]\n", " # y")] {
        let after = rest.strip_prefix(added).unwrap();
        adds(
            ADVISORY,
            &format!("{one}{rest}"),
            &format!(
                "{one}{added}\n\n  [[ advisory.ignore ]]\n  id = \"B-1\"\n  reason = \"a, b # c\"{after}"
            ),
        );
    }
}

#[test]
fn a_table_that_others_imply_gets_a_header() {
    adds(
        ADVISORY,
        "[advisory.unsound]\nlevel = 'deny'\n",
        "[advisory.unsound]\nlevel = 'deny'\n\n[advisory]\nignore = [\n    { id = \"B-1\", reason = \"a, b # c\" },\n]\n",
    );
}

#[test]
fn an_empty_array_is_filled_and_goes_with_its_last_entry() {
    for (array, filled) in [
        ("[]", "[\n    { id = \"B-1\", reason = \"a, b # c\" },\n]"),
        ("[ ]", "[\n    { id = \"B-1\", reason = \"a, b # c\" },\n]"),
    ] {
        let before = format!("[advisory]\nenabled = true\nignore = {array}\n");
        let added = add(&before, ADVISORY, &entry("B-1")).unwrap();

        assert_eq!(
            added,
            format!("[advisory]\nenabled = true\nignore = {filled}\n")
        );
        assert_eq!(
            remove(&added, ADVISORY, 0).unwrap(),
            "[advisory]\nenabled = true\n"
        );
    }
}

#[test]
fn comments_of_others_stay() {
    let one = "{ id = 'A-1', reason = 'a' }";
    let before = format!(
        "[advisory]\nignore = [ # all\n    # of both\n    {one}, # one\n    {one}, # two\n    # at the end\n] # x\n"
    );
    let after = remove(&before, ADVISORY, 0).unwrap();
    assert_eq!(
        after,
        format!(
            "[advisory]\nignore = [ # all\n    # of both\n    {one}, # two\n    # at the end\n] # x\n"
        )
    );
    let after = remove(&after, ADVISORY, 0).unwrap();
    assert_eq!(
        after,
        "[advisory]\nignore = [ # all\n    # of both\n    # at the end\n] # x\n"
    );
    adds(
        ADVISORY,
        &after,
        "[advisory]\nignore = [ # all\n    # of both\n    # at the end\n    \
         { id = \"B-1\", reason = \"a, b # c\" },\n] # x\n",
    );
}

#[test]
fn an_entry_is_replaced_where_it_is() {
    let array = "[advisory]\nignore = [\n    { reason = 'a', id = 'A-1' }, # one\n]\r\n";
    assert_eq!(
        replace(array, ADVISORY, 0, &entry("B-1")).unwrap(),
        "[advisory]\nignore = [\n    { id = \"B-1\", reason = \"a, b # c\" }, # one\n]\r\n"
    );
    let tables = "[[advisory.ignore]]\n reason = 'a'\n id = 'A-1' # one\n\n[b]\n";
    assert_eq!(
        replace(tables, ADVISORY, 0, &entry("B-1")).unwrap(),
        "[[advisory.ignore]]\n id = \"B-1\"\n reason = \"a, b # c\" # one\n\n[b]\n"
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    for (text, expected) in [
        (
            "\nadvisory = 1",
            "line 2: `advisory` must be a table, found integer",
        ),
        (
            "[advisory]\n\nignore = A-1",
            "line 3: string values must be quoted, expected literal string",
        ),
        (
            "[advisory]\n\nignore = 'A-1'",
            "line 3: `advisory.ignore` must be an array of tables, found string",
        ),
        (
            "[[advisory]]\nx = 1",
            "line 1: `advisory` must be a table, found array of tables",
        ),
        (
            "[advisory]\nignore = [\n 'A-1',\n]",
            "line 3: bad entry of `ignore`: invalid type: string \"A-1\", expected a table such as `{ id = \"RUSTSEC-2020-0071\", \
             reason = \"...\" }`",
        ),
        (
            "[[advisory.ignore]]\nid = 'A-1'",
            "line 1: bad entry of `ignore`: `reason` is not set for `A-1`; say why the finding can be ignored",
        ),
    ] {
        let error = add(text, ADVISORY, &entry("B-1")).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_form_that_cannot_be_edited_is_left_to_people() {
    let text = "workspace = { metadata.advisory.unsound = 'deny' }\n";
    let error = add(text, METADATA, &entry("B-1")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this form of `ignore` cannot be edited; edit the file by hand"
    );
}

/// Files with all that may be around and between entries.
fn files() -> impl Strategy<Value = String> {
    let one_of = |parts: &'static [&'static str]| prop::sample::select(parts);
    let comment = || one_of(&["", " ", " # why, [x] \"y", "\t#"]);
    let entry = (
        one_of(&[
            "{id='A-1',reason='a#,]'}",
            "{ id = 'A-2', reason = \"\"\"x\"\"\" }",
        ]),
        comment(),
    );
    let entries = prop::collection::vec(entry, 1..4);
    let gap = || one_of(&["", "# a, b\n", "\n", "    # x\n\n"]);
    let lines = (
        entries.clone(),
        gap(),
        gap(),
        one_of(&["", "  ", "\t"]),
        any::<bool>(),
    )
        .prop_map(|(entries, first, last, indent, comma)| {
            let count = entries.len();
            let lines = entries.iter().enumerate().map(|(place, (entry, comment))| {
                let comma = if comma || place + 1 < count { "," } else { "" };
                format!("{indent}{entry}{comma}{comment}\n")
            });
            format!("[\n{first}{}{last}]", lines.collect::<String>())
        });
    let line = (
        entries.clone(),
        one_of(&["", " "]),
        one_of(&["", ",", " , "]),
    )
        .prop_map(|(entries, blank, end)| {
            let entries: Vec<&str> = entries.iter().map(|(entry, _)| *entry).collect();
            format!("[{blank}{}{end}{blank}]", entries.join(", "))
        });
    let array = prop_oneof![lines, line];
    let section = (
        array,
        comment(),
        one_of(&["", "unsound = 'deny'", "x.y = 1 # z"]),
        0..5,
    )
        .prop_map(|(array, comment, other, form)| match form {
            0 => format!("[advisory]{comment}\n{other}\nignore = {array}{comment}\n"),
            1 => format!("[advisory] # x\nignore = {array}{comment}\n{other}\n"),
            2 => format!("advisory.ignore = {array}{comment}\nadvisory.unsound = 1\n"),
            3 => format!("advisory = {{ ignore = {array}, unsound = 'deny' }}{comment}\n"),
            _ => "[other]\nx = 1\n".to_owned(),
        });
    let tables = (entries, comment()).prop_map(|(entries, comment)| {
        let tables = entries.iter().map(|(_, end)| {
            format!("[[advisory.ignore]]{comment}\nid = 'A-1'\nreason = '''\nx''' {end}\n\n")
        });
        tables.collect()
    });
    let around = || one_of(&["", "# x\n", "\n\n", "# [advisory]\n"]);
    let ends = (any::<bool>(), any::<bool>(), any::<bool>());
    (around(), prop_oneof![section, tables], around(), ends).prop_map(
        |(before, section, after, (bom, crlf, ended))| {
            let mut text = format!("{before}{section}[z]\n{after}y = 1\n");
            if !ended {
                text.pop();
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            format!("{}{text}", if bom { "\u{feff}" } else { "" })
        },
    )
}

proptest! {
    #[test]
    fn what_is_added_and_removed_leaves_no_trace(text in files()) {
        let added = add(&text, ADVISORY, &entry("B-1")).unwrap();
        let last = entries(&added, ADVISORY).unwrap().len() - 1;

        prop_assert_eq!(&entries(&added, ADVISORY).unwrap()[last].ignore, &entry("B-1"));
        prop_assert_eq!(added.contains("\r\n"), text.contains("\r\n"));
        prop_assert_eq!(remove(&added, ADVISORY, last).unwrap(), text);
    }

    #[test]
    fn each_entry_can_be_removed_and_keeps_the_comments_of_others(text in files()) {
        let before = entries(&text, ADVISORY).unwrap();
        for position in 0..before.len() {
            let removed = remove(&text, ADVISORY, position).unwrap();

            prop_assert_eq!(entries(&removed, ADVISORY).unwrap().len(), before.len() - 1);
            let hashes = |text: &str| text.matches('#').count();
            prop_assert!(hashes(&text) - hashes(&removed) <= 2, "{}", removed);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}=,.#'\"\\\\ \n\ra-z]{0,40}") {
        let _ = add(&text, ADVISORY, &entry("B-1"));
        let _ = add(&format!("[advisory]\nignore = {text}"), ADVISORY, &entry("B-1"));
        let _ = entries(&text, METADATA);
    }
}
