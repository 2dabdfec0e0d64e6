//! The contract with programs, compared with a checked-in copy: paths, parameters, bodies, statuses, headers, the
//! members of schemas, and the URIs of problems. Prose is left out.

use serde_json::{Map, Value};

use crate::support::Shop;

#[tokio::test]
async fn the_interface_matches_the_checked_in_contract() {
    let document = Shop::empty().get("/openapi.json").await.json();
    insta::assert_json_snapshot!("contract", contract(&document));
}

/// Returns the document without prose, and without orders that have no meaning.
fn contract(part: &Value) -> Value {
    match part {
        Value::Object(members) => Value::Object(members.iter().filter_map(member).collect()),
        Value::Array(parts) => Value::Array(parts.iter().map(contract).collect()),
        plain => plain.clone(),
    }
}

fn member((name, value): (&String, &Value)) -> Option<(String, Value)> {
    let kept = match (name.as_str(), value) {
        ("description" | "summary" | "title" | "example" | "tags" | "info" | "operationId", _) => {
            return None;
        }
        // Their keys are names, whatever they are.
        ("properties" | "schemas" | "headers", Value::Object(named)) => Value::Object(each(named)),
        ("examples", Value::Object(named)) => named.keys().cloned().collect(),
        ("parameters", Value::Array(parameters)) => by_name(parameters),
        ("required", Value::Array(names)) => sorted(names),
        _ => contract(value),
    };
    Some((name.clone(), kept))
}

fn each(named: &Map<String, Value>) -> Map<String, Value> {
    let parts = named.iter();
    parts
        .map(|(name, part)| (name.clone(), contract(part)))
        .collect()
}

/// Returns parameters by place and name.
fn by_name(parameters: &[Value]) -> Value {
    let named = parameters.iter().map(|parameter| {
        let text = |member: &str| parameter[member].as_str().unwrap();
        let name = format!("{} {}", text("in"), text("name"));
        (name, contract(parameter))
    });
    Value::Object(named.collect())
}

fn sorted(names: &[Value]) -> Value {
    let mut names: Vec<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    names.into()
}
