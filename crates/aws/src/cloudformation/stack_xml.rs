//! CloudFormation's answers to DescribeStacks.

use std::collections::HashMap;

use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// Returns the outputs of the first stack in an answer, by name; `None` if there is no stack.
pub(crate) fn read_outputs(xml: &[u8]) -> Result<Option<HashMap<String, String>>, XmlDecodeError> {
    let mut found = None;
    let mut document = Document::try_from(xml)?;
    let path = ["DescribeStacksResult", "Stacks", "member"];
    each(&mut document.root_element()?, &path, &mut |stack| {
        if found.is_some() {
            return Ok(());
        }
        let outputs = found.insert(HashMap::new());
        each(stack, &["Outputs", "member"], &mut |output| {
            let mut texts = texts(output)?;
            let key = texts.remove("OutputKey");
            outputs.extend(key.zip(texts.remove("OutputValue")));
            Ok(())
        })
    })?;
    Ok(found)
}

/// Returns code and message of an error.
pub(crate) fn read_error(xml: &[u8]) -> Result<ErrorMetadata, XmlDecodeError> {
    let mut error = ErrorMetadata::builder();
    let mut document = Document::try_from(xml)?;
    each(&mut document.root_element()?, &["Error"], &mut |tag| {
        let mut texts = texts(tag)?;
        if let Some(code) = texts.remove("Code") {
            error = std::mem::take(&mut error).code(code);
        }
        if let Some(message) = texts.remove("Message") {
            error = std::mem::take(&mut error).message(message);
        }
        Ok(())
    })?;
    Ok(error.build())
}

/// Calls back for every element at the end of a path of names.
fn each(
    element: &mut ScopedDecoder<'_, '_>,
    path: &[&str],
    visit: &mut dyn FnMut(&mut ScopedDecoder<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    let Some((name, rest)) = path.split_first() else {
        return visit(element);
    };
    while let Some(mut child) = element.next_tag() {
        if child.start_el().matches(name) {
            each(&mut child, rest, visit)?;
        }
    }
    Ok(())
}

/// Returns the texts of the children of an element, by name; children with children are left out.
fn texts(element: &mut ScopedDecoder<'_, '_>) -> Result<HashMap<String, String>, XmlDecodeError> {
    let mut texts = HashMap::new();
    while let Some(mut child) = element.next_tag() {
        let name = child.start_el().local().to_owned();
        if let Ok(text) = try_data(&mut child) {
            texts.insert(name, text.into_owned());
        }
    }
    Ok(texts)
}
