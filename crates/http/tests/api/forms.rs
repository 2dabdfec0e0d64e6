//! Bodies of `multipart/form-data`.

/// Content type of [`form`].
pub(crate) const FORM: &str = "multipart/form-data; boundary=edge";

/// Makes a form with one file.
pub(crate) fn form(field: &str, content: &[u8]) -> Vec<u8> {
    form_of(&[(field, content)])
}

/// Makes a form with several files.
pub(crate) fn form_of(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, content) in fields {
        let head = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"a.png\"\r\n\
             content-type: image/png\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    body
}
