//! The JSON Schemas that are published, as strict as they can be read.

use boon::{Compiler, Draft, Schemas};
use serde_json::{Value, json};

/// A schema that is published.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Of `cargo advisory --format json`.
    Answer,
    /// Of `cargo advisory status --format json`.
    Status,
}

impl Form {
    pub const ALL: [Form; 2] = [Form::Answer, Form::Status];

    fn file(self) -> &'static str {
        match self {
            Form::Answer => "advisory.schema.json",
            Form::Status => "status.schema.json",
        }
    }

    /// The schema as it is published.
    pub fn published(self) -> Value {
        let text = match self {
            Form::Answer => include_str!("../../docs/advisory.schema.json"),
            Form::Status => include_str!("../../docs/status.schema.json"),
        };
        serde_json::from_str(text).unwrap()
    }

    /// Holds an answer against the schema, and its fields against those that the schema knows: one that is not documented
    /// is an error here, though readers must pass over it.
    pub fn accepts(self, answer: &Value) -> Result<(), String> {
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        for form in Form::ALL {
            let mut schema = form.published();
            forbid_others(&mut schema);
            compiler.add_resource(form.file(), schema).unwrap();
        }
        let mut schemas = Schemas::new();
        let index = compiler.compile(self.file(), &mut schemas).unwrap();
        schemas
            .validate(answer, index)
            .map_err(|error| error.to_string())
    }
}

/// [`Form::accepts`] of the form that most tests are about.
pub fn accepts(answer: &Value) -> Result<(), String> {
    Form::Answer.accepts(answer)
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
