//! The published forms of `--format json`: the schemas and the page in `docs`, held against each other. Every answer that a
//! test gets is held against the schema as well.

use cargo_test_support::cargo_test;
use cargo_test_support::registry::Package;
use serde_json::{Value, json};

use crate::support::schema::{self, Form};
use crate::support::{Database, ExecsExt as _, ProjectExt as _, advisory, app};

/// The objects of the schema that have fields, by name.
fn objects(schema: &Value) -> Vec<(String, &Value)> {
    let mut objects = vec![("answer".to_owned(), schema)];
    for (name, object) in schema["$defs"].as_object().unwrap() {
        objects.push((name.clone(), object));
    }
    objects
}

#[cargo_test]
fn every_field_but_one_is_always_there() {
    let schemas = Form::ALL.map(Form::published);

    for (name, object) in schemas.iter().flat_map(objects) {
        let required = object["required"].as_array().unwrap();
        for field in object["properties"].as_object().unwrap().keys() {
            let always = required.contains(&json!(field));
            assert_eq!(always, field != "lockfile", "`{field}` of {name}");
        }
    }
}

#[cargo_test]
fn every_field_is_on_the_page() {
    let schemas = Form::ALL.map(Form::published);
    let page = include_str!("../../docs/json.md");

    for (name, object) in schemas.iter().flat_map(objects) {
        for (field, value) in object["properties"].as_object().unwrap() {
            assert!(page.contains(&format!("`{field}`")), "`{field}` of {name}");
            let words = [&value["enum"], &value["items"]["enum"]];
            for word in words.into_iter().filter_map(Value::as_array).flatten() {
                let known = word
                    .as_str()
                    .is_none_or(|word| page.contains(&format!("`{word}`")));
                assert!(known, "{word} of `{field}` of {name}");
            }
        }
    }
}

/// What the tests rely on: that the schema refuses what is not documented.
#[cargo_test]
fn what_is_not_documented_is_refused() {
    Package::new("leaky", "1.0.0").publish();
    Database::new().add(&advisory("leaky")).index();
    let answer = app("leaky = '1'").cargo("advisory --format json").answer();
    schema::accepts(&answer).unwrap();

    for (place, value) in [
        ("/findings/0/kind", json!("harmless")),
        ("/findings/0/date", json!("yesterday")),
        ("/findings/0/score", json!(11)),
        ("/findings/0/paths/0/0/lacks", json!(["luck"])),
        ("/index/databases/0/checked", json!("2020-01-01")),
        ("/packages", json!(null)),
    ] {
        let mut other = answer.clone();
        *other.pointer_mut(place).unwrap() = value;
        assert!(schema::accepts(&other).is_err(), "{place}");
    }
    for place in ["", "/index", "/findings/0", "/findings/0/paths/0/1"] {
        let mut other = answer.clone();
        let object = other.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("surprise".to_owned(), json!(1));
        assert!(schema::accepts(&other).is_err(), "{place}");
    }
}
