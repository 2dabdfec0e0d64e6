//! Combinations of members in a search. Every member is optional by itself, but a search needs exactly one subject;
//! without these choices, programs that generate requests from the document would generate many that are refused.

use serde_json::{Value, json};
use utoipa::Modify;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{ArrayItems, Components};
use utoipa::openapi::{Object, OpenApi, Ref, RefOr, Schema};

/// Adds the options and the choices to the schemas of requests, and derives those of a form from those of JSON: in a
/// form, a search needs no subject, and its items may name images of the form.
pub(super) struct Choices;

/// The members that say what to search with, and their types.
const SUBJECTS: [(&str, &str); 3] = [("query", "array"), ("image", "string"), ("key", "string")];

/// The members of a query item that are about its image.
const OF_IMAGES: [&str; 2] = ["crop", "trim"];

impl Modify for Choices {
    fn modify(&self, document: &mut OpenApi) {
        let Some(components) = &mut document.components else {
            return;
        };
        let (Some(mut item), Some(mut request), Some(mut form), Some(options), Some(image)) = (
            taken(components, "QueryItem"),
            taken(components, "SearchRequest"),
            taken(components, "SearchForm"),
            taken(components, "SearchParams"),
            taken(components, "ImageParams"),
        ) else {
            return;
        };
        item.properties.extend(image.properties.clone());
        request.properties.extend(image.properties);
        request.properties.extend(options.properties);
        let mut form_item = item.clone();
        choose(&mut form_item, item_choices(true));
        put(components, "FormQueryItem", form_item);

        item.properties.remove("part");
        choose(&mut item, item_choices(false));
        put(components, "QueryItem", item);

        let mut form_request = request.clone();
        form_request.example = None;
        refer_to_items(&mut form_request, "FormQueryItem");
        let nothing = only(&[], &SUBJECTS.map(|(name, _)| name));
        choose(
            &mut form_request,
            [subject_choices(), vec![nothing]].concat(),
        );
        put(components, "FormRequest", form_request);

        choose(&mut request, subject_choices());
        put(components, "SearchRequest", request);

        let reference = Ref::from_schema_name("FormRequest");
        form.properties
            .insert("request".to_owned(), reference.into());
        let either = ["image", "request"].map(|name| json!({"required": [name]}));
        say(&mut form, "anyOf", either.to_vec());
        put(components, "SearchForm", form);
    }
}

fn taken(components: &mut Components, name: &str) -> Option<Object> {
    match components.schemas.remove(name) {
        Some(RefOr::T(Schema::Object(object))) => Some(object),
        _ => None,
    }
}

fn put(components: &mut Components, name: &str, object: Object) {
    let schema = RefOr::T(Schema::Object(object));
    components.schemas.insert(name.to_owned(), schema);
}

fn subject_choices() -> Vec<Value> {
    let others = |own: &str| -> Vec<&str> {
        let names = SUBJECTS.iter().map(|(name, _)| *name);
        names.filter(|name| *name != own).collect()
    };
    let choice = |one: &(&str, &str)| only(&[*one], &others(one.0));
    SUBJECTS.iter().map(choice).collect()
}

fn item_choices(in_form: bool) -> Vec<Value> {
    let images: &[&str] = match in_form {
        true => &["image", "key", "part"],
        false => &["image", "key"],
    };
    let kinds = [images, &["product", "vector"]].concat();
    let choice = |kind: &&str| {
        let mut needed = vec![(*kind, "string")];
        let mut absent: Vec<&str> = kinds.iter().copied().filter(|one| one != kind).collect();
        if !images.contains(kind) {
            absent.extend(OF_IMAGES);
        }
        match *kind {
            "vector" => needed = vec![("vector", "array"), ("fingerprint", "string")],
            _ => absent.push("fingerprint"),
        }
        only(&needed, &absent)
    };
    kinds.iter().map(choice).collect()
}

/// Returns the schema of objects that have the needed members, and not the absent ones.
fn only(needed: &[(&str, &str)], absent: &[&str]) -> Value {
    let needed_types = needed.iter().copied();
    let absent_types = absent.iter().map(|name| (*name, "null"));
    let properties = needed_types
        .chain(absent_types)
        .map(|(name, kind)| (name.to_owned(), json!({"type": kind})));
    let properties: serde_json::Map<String, Value> = properties.collect();
    let required: Vec<&str> = needed.iter().map(|(name, _)| *name).collect();
    json!({"required": required, "properties": properties})
}

fn choose(object: &mut Object, choices: Vec<Value>) {
    say(object, "oneOf", choices);
}

/// Adds a keyword that utoipa does not know beside properties.
fn say(object: &mut Object, keyword: &str, choices: Vec<Value>) {
    object.extensions = Some(Extensions::from_iter([(keyword, choices)]));
}

fn refer_to_items(request: &mut Object, name: &str) {
    if let Some(RefOr::T(Schema::Array(query))) = request.properties.get_mut("query") {
        let reference = Ref::from_schema_name(name);
        query.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(reference)));
    }
}
