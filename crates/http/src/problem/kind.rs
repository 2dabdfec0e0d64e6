//! Everything that can go wrong with a request, by name.

use http::StatusCode;

/// The kind of a problem: its stable `type`, its status and its title.
///
/// | `type`, after `urn:lookalike:problem:` | status |
/// |---|---|
/// | `invalid-parameter`, `unknown-parameter`, `invalid-path` | 400 |
/// | `invalid-json`, `invalid-base64`, `invalid-form`, `incomplete-body`, `empty-picture`, `forbidden-key` | 400 |
/// | `invalid-query`, `invalid-crop`, `invalid-vector`, `invalid-cursor` | 400 |
/// | `invalid-filter`, `unknown-attribute`, `filter-type` | 400 |
/// | `unknown-route`, `unknown-product`, `unknown-key`, `audit-off` | 404 |
/// | `method-not-allowed` | 405 |
/// | `not-acceptable` | 406 |
/// | `cursor-expired` | 410 |
/// | `too-large` | 413 |
/// | `unsupported-media-type`, `unsupported-format` | 415 |
/// | `corrupt-picture`, `too-many-pixels` | 422 |
/// | `other-encoder`, `unreadable-index`, `incomplete-index`, `misconfigured`, `internal` | 500 |
/// | `audit-too-large` | 503 |
/// | `not-yet-indexed`, `unavailable` | 503, with `Retry-After` |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A query parameter or an option in the body has no valid value, or two.
    InvalidParameter,
    /// A query parameter that the route does not know.
    UnknownParameter,
    /// The path is not percent-encoded UTF-8.
    InvalidPath,
    /// The body is not the JSON that the route expects.
    InvalidJson,
    /// The picture inside of the JSON is not base64.
    InvalidBase64,
    /// The body is not the form that the route expects.
    InvalidForm,
    /// The body broke off.
    IncompleteBody,
    /// The picture has no bytes.
    EmptyPicture,
    /// The object key is outside of what callers may read.
    ForbiddenKey,
    /// The items of the query make none: there are none or too many, or their weights say nothing.
    InvalidQuery,
    /// The box that is to be cut out of a picture is none, or does not lie in it.
    InvalidCrop,
    /// The vector is not one of the index.
    InvalidVector,
    /// The cursor was not given out for this query.
    InvalidCursor,
    /// The filter is not written as filters are, or too large.
    InvalidFilter,
    /// A filter or a facet names an attribute that no picture has and nobody declared.
    UnknownAttribute,
    /// A filter compares an attribute with a value of a type that it never has.
    FilterType,
    /// Nothing answers at this path.
    UnknownRoute,
    /// No product with this id has an indexed picture.
    UnknownProduct,
    /// No object is stored at this key.
    UnknownKey,
    /// Looking over the catalog is switched off.
    AuditOff,
    /// The path does not take this method; `Allow` lists those that it takes.
    MethodNotAllowed,
    /// The caller accepts no encoding in which the reply could come, not even none.
    NotAcceptable,
    /// The generation of the index that the cursor is about is gone: the search is to start again.
    CursorExpired,
    /// The body or the picture has too many bytes, or all pictures of the request together have.
    TooLarge,
    /// The body's content type is none of those that the route takes.
    UnsupportedMediaType,
    /// The picture's format cannot be decoded; the member `supported` lists those that can.
    UnsupportedFormat,
    /// The picture is damaged or cut off.
    CorruptPicture,
    /// The picture, or all those of the request together, claim more pixels than are decoded, or than there is memory for.
    TooManyPixels,
    /// The index was made by another encoder than the configured one.
    OtherEncoder,
    /// The stored index is damaged, or written by another release.
    UnreadableIndex,
    /// A part of the stored index is missing.
    IncompleteIndex,
    /// A bucket or table is missing, or the service may not use it.
    Misconfigured,
    /// A fault of the service itself.
    Internal,
    /// The catalog is too large to be looked over in the time and memory of a request.
    AuditTooLarge,
    /// The index is older than the caller asks for: the same request may succeed in a moment.
    NotYetIndexed,
    /// A store is throttling, slow or failing: the same request may succeed later.
    Unavailable,
}

impl ProblemKind {
    /// Every kind, in the order above.
    pub const ALL: [Self; 36] = {
        use ProblemKind::*;
        [
            InvalidParameter,
            UnknownParameter,
            InvalidPath,
            InvalidJson,
            InvalidBase64,
            InvalidForm,
            IncompleteBody,
            EmptyPicture,
            ForbiddenKey,
            InvalidQuery,
            InvalidCrop,
            InvalidVector,
            InvalidCursor,
            InvalidFilter,
            UnknownAttribute,
            FilterType,
            UnknownRoute,
            UnknownProduct,
            UnknownKey,
            AuditOff,
            MethodNotAllowed,
            NotAcceptable,
            CursorExpired,
            TooLarge,
            UnsupportedMediaType,
            UnsupportedFormat,
            CorruptPicture,
            TooManyPixels,
            OtherEncoder,
            UnreadableIndex,
            IncompleteIndex,
            Misconfigured,
            Internal,
            AuditTooLarge,
            NotYetIndexed,
            Unavailable,
        ]
    };

    /// The URI that identifies the kind, for programs; it never changes.
    pub fn type_uri(self) -> String {
        format!("urn:lookalike:problem:{}", self.name())
    }

    /// The HTTP status of replies of this kind.
    pub fn status(self) -> StatusCode {
        use ProblemKind::*;
        match self {
            InvalidParameter | UnknownParameter | InvalidPath | InvalidJson | InvalidBase64
            | InvalidForm | IncompleteBody | EmptyPicture | ForbiddenKey | InvalidQuery
            | InvalidCrop | InvalidVector | InvalidCursor | InvalidFilter | UnknownAttribute
            | FilterType => StatusCode::BAD_REQUEST,
            UnknownRoute | UnknownProduct | UnknownKey | AuditOff => StatusCode::NOT_FOUND,
            MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            CursorExpired => StatusCode::GONE,
            TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            UnsupportedMediaType | UnsupportedFormat => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            CorruptPicture | TooManyPixels => StatusCode::UNPROCESSABLE_ENTITY,
            OtherEncoder | UnreadableIndex | IncompleteIndex | Misconfigured | Internal => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            AuditTooLarge | NotYetIndexed | Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Seconds after which the same request is worth another try.
    pub fn retry_after(self) -> Option<u64> {
        match self {
            // A picture takes about as long from the bucket to the index.
            Self::NotYetIndexed => Some(1),
            Self::Unavailable => Some(2),
            _ => None,
        }
    }

    /// What all problems of this kind have in common, for people.
    pub fn title(self) -> &'static str {
        self.name_and_title().1
    }

    /// The last part of the URI.
    pub(crate) fn name(self) -> &'static str {
        self.name_and_title().0
    }

    fn name_and_title(self) -> (&'static str, &'static str) {
        use ProblemKind::*;
        match self {
            InvalidParameter => ("invalid-parameter", "A parameter or option is not valid"),
            UnknownParameter => ("unknown-parameter", "A query parameter is not known"),
            InvalidPath => ("invalid-path", "The path cannot be decoded"),
            InvalidJson => ("invalid-json", "The body is not the expected JSON"),
            InvalidBase64 => ("invalid-base64", "The picture is not base64"),
            InvalidForm => ("invalid-form", "The body is not the expected form"),
            IncompleteBody => ("incomplete-body", "The body broke off"),
            EmptyPicture => ("empty-picture", "The picture is empty"),
            ForbiddenKey => ("forbidden-key", "The object key is not allowed"),
            InvalidQuery => ("invalid-query", "The query items make no query"),
            InvalidCrop => ("invalid-crop", "The crop is not a part of the picture"),
            InvalidVector => ("invalid-vector", "The vector is not one of the index"),
            InvalidCursor => ("invalid-cursor", "The cursor is not one of this query"),
            InvalidFilter => ("invalid-filter", "The filter is not valid"),
            UnknownAttribute => ("unknown-attribute", "There is no such attribute"),
            FilterType => ("filter-type", "The filter does not fit the attribute"),
            UnknownRoute => ("unknown-route", "Nothing is at this path"),
            UnknownProduct => ("unknown-product", "There is no such product"),
            UnknownKey => ("unknown-key", "There is no such object"),
            AuditOff => ("audit-off", "Looking over the catalog is switched off"),
            MethodNotAllowed => ("method-not-allowed", "The method is not allowed here"),
            NotAcceptable => ("not-acceptable", "No accepted encoding is left"),
            CursorExpired => ("cursor-expired", "The page cannot be continued"),
            TooLarge => ("too-large", "The picture is too large"),
            UnsupportedMediaType => (
                "unsupported-media-type",
                "The content type is not supported",
            ),
            UnsupportedFormat => ("unsupported-format", "The picture format is not supported"),
            CorruptPicture => ("corrupt-picture", "The picture cannot be decoded"),
            TooManyPixels => ("too-many-pixels", "The picture has too many pixels"),
            OtherEncoder => ("other-encoder", "The index belongs to another encoder"),
            UnreadableIndex => ("unreadable-index", "The stored index cannot be read"),
            IncompleteIndex => ("incomplete-index", "A part of the stored index is missing"),
            Misconfigured => ("misconfigured", "The service is not set up correctly"),
            Internal => ("internal", "The service failed"),
            AuditTooLarge => ("audit-too-large", "The catalog is too large for this"),
            NotYetIndexed => ("not-yet-indexed", "The index is not new enough yet"),
            Unavailable => ("unavailable", "The service is busy"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_listed_in_order() {
        for (at, kind) in ProblemKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, at, "{kind:?}");
        }
        assert_eq!(
            ProblemKind::Unavailable as usize + 1,
            ProblemKind::ALL.len()
        );
    }
}
