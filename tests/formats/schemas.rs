//! The official schemas of SARIF and CycloneDX. They are read from packages that Cargo.lock names for their sake, so that
//! no copy of them is ours to keep.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

/// Holds a document against the schema of SARIF 2.1.0.
#[track_caller]
pub(crate) fn assert_sarif(document: &Value) {
    let schema = read("serde-sarif", "src/schema.json");
    assert_valid(document, schema, &[]);
}

/// Holds a document against the schema of CycloneDX 1.6. What that takes from other schemas, licences and signatures, is
/// in no document of ours, and refused.
#[track_caller]
pub(crate) fn assert_cyclonedx(document: &Value) {
    let schema = read("serde-cyclonedx", "schemas/cyclonedx_1_6.json");
    let others = [
        ("http://cyclonedx.org/schema/spdx.schema.json", json!(false)),
        (
            "http://cyclonedx.org/schema/jsf-0.82.schema.json",
            json!({ "definitions": { "signature": false } }),
        ),
    ];
    assert_valid(document, schema, &others);
}

#[track_caller]
fn assert_valid(document: &Value, schema: Value, others: &[(&str, Value)]) {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    let url = schema["$id"].as_str().unwrap().to_owned();
    compiler.add_resource(&url, schema).unwrap();
    for (url, schema) in others {
        compiler.add_resource(url, schema.clone()).unwrap();
    }
    let mut schemas = Schemas::new();
    let index = compiler.compile(&url, &mut schemas).unwrap();
    if let Err(error) = schemas.validate(document, index) {
        panic!("{error:#}\nin {document:#}");
    }
}

/// A file of JSON in a package of Cargo.lock.
fn read(package: &str, path: &str) -> Value {
    let text = std::fs::read_to_string(folder(package).join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Where cargo keeps a package.
fn folder(package: &str) -> PathBuf {
    static METADATA: OnceLock<Value> = OnceLock::new();
    let metadata = METADATA.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    });
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|found| found["name"] == package);
    let manifest = found.unwrap()["manifest_path"].as_str().unwrap();
    Path::new(manifest).parent().unwrap().to_owned()
}

/// What the tests rely on: that the schemas refuse something.
#[test]
#[should_panic(expected = "missing properties")]
fn a_log_without_runs_is_no_sarif() {
    assert_sarif(&json!({ "version": "2.1.0" }));
}

#[test]
#[should_panic(expected = "jsonschema validation failed")]
fn an_unknown_state_is_no_cyclonedx() {
    assert_cyclonedx(&json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "vulnerabilities": [{ "analysis": { "state": "fine" } }],
    }));
}
