//! The JSON Schema of `cargo advisory --format json`, as strict as it can be read.

use boon::{Compiler, Draft, Schemas};
use serde_json::{Value, json};

/// The schema that is published.
pub fn published() -> Value {
    serde_json::from_str(include_str!("../../docs/advisory.schema.json")).unwrap()
}

/// Holds an answer against the schema, and its fields against those that the schema knows: one that is not documented is
/// an error here, though readers must pass over it.
pub fn accepts(answer: &Value) -> Result<(), String> {
    let mut schema = published();
    forbid_others(&mut schema);
    let mut compiler = Compiler::new();
    compiler.set_default_draft(Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler
        .add_resource("advisory.schema.json", schema)
        .unwrap();
    let mut schemas = Schemas::new();
    let index = compiler
        .compile("advisory.schema.json", &mut schemas)
        .unwrap();
    schemas
        .validate(answer, index)
        .map_err(|error| error.to_string())
}

/// Makes every object of the schema one that has no other properties than those named.
fn forbid_others(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for value in fields.values_mut() {
                forbid_others(value);
            }
            if fields.get("type") == Some(&json!("object")) && fields.contains_key("properties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(forbid_others),
        _ => {}
    }
}
