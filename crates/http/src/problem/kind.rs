//! The kinds of problems, in one table.

use http::StatusCode;

/// Declares the kinds with their status, name and title, so that each stands in one place.
macro_rules! problem_kinds {
    ($(#[$about:meta])* pub enum $kinds:ident {
        $($(#[$doc:meta])* $kind:ident = $status:ident, $name:literal, $title:literal;)*
    }) => {
        $(#[$about])*
        pub enum $kinds {
            $($(#[$doc])* $kind,)*
        }

        impl $kinds {
            /// Every kind, in the order of the declaration.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// Returns the HTTP status of replies of this kind.
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$kind => StatusCode::$status,)*
                }
            }

            /// Returns the last part of the type URI.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// Returns the title that all problems of this kind share, for people.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$kind => $title,)*
                }
            }
        }
    };
}

problem_kinds! {
    /// The kind of a problem: its stable type URI, its status and its title.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum ProblemKind {
        /// A query parameter or an option in the body has an invalid value, or is given twice.
        InvalidParameter = BAD_REQUEST, "invalid-parameter", "A parameter or option is not valid";
        /// The route does not know a query parameter.
        UnknownParameter = BAD_REQUEST, "unknown-parameter", "A query parameter is not known";
        /// The path is not percent-encoded UTF-8.
        InvalidPath = BAD_REQUEST, "invalid-path", "The path cannot be decoded";
        /// The body is not the JSON that the route expects.
        InvalidJson = BAD_REQUEST, "invalid-json", "The body is not the expected JSON";
        /// The image inside the JSON is not base64.
        InvalidBase64 = BAD_REQUEST, "invalid-base64", "The image is not base64";
        /// The body is not the form that the route expects.
        InvalidForm = BAD_REQUEST, "invalid-form", "The body is not the expected form";
        /// The body broke off.
        IncompleteBody = BAD_REQUEST, "incomplete-body", "The body broke off";
        /// The image has no bytes.
        EmptyImage = BAD_REQUEST, "empty-picture", "The image is empty";
        /// The object key is outside the prefixes that callers may read.
        ForbiddenKey = BAD_REQUEST, "forbidden-key", "The object key is not allowed";
        /// The query has no items or too many, or weights that leave nothing to search for.
        InvalidQuery = BAD_REQUEST, "invalid-query", "The query items make no query";
        /// The crop is not a box, or does not lie within the image.
        InvalidCrop = BAD_REQUEST, "invalid-crop", "The crop is not a part of the image";
        /// The vector does not belong to the index: another length or another encoder.
        InvalidVector = BAD_REQUEST, "invalid-vector", "The vector is not one of the index";
        /// The filter has a syntax error or is too large.
        InvalidFilter = BAD_REQUEST, "invalid-filter", "The filter is not valid";
        /// A filter or a facet names an attribute that no image has and that is not declared.
        UnknownAttribute = BAD_REQUEST, "unknown-attribute", "There is no such attribute";
        /// A filter compares an attribute with a value of a type that the attribute never has.
        FilterType = BAD_REQUEST, "filter-type", "The filter does not fit the attribute";
        /// An index with a vector base cannot answer this; the detail says what to leave out.
        NotWithVectorBase = BAD_REQUEST, "not-with-vector-base", "A vector base cannot answer this";
        /// The request came past the content delivery network that the operator put in front.
        DirectAccess = FORBIDDEN, "direct-access", "Direct access is closed";
        /// Nothing answers at this path.
        UnknownRoute = NOT_FOUND, "unknown-route", "Nothing is at this path";
        /// No product with this id has an indexed image.
        UnknownProduct = NOT_FOUND, "unknown-product", "There is no such product";
        /// No object is stored at this key.
        UnknownKey = NOT_FOUND, "unknown-key", "There is no such object";
        /// This query has no page at the cursor: the cursor belongs to another query, or was changed.
        InvalidCursor = NOT_FOUND, "invalid-cursor", "The cursor is not one of this query";
        /// The operator has not enabled the catalog audit.
        AuditOff = NOT_FOUND, "audit-off", "Catalog audit is disabled";
        /// The path does not take this method; `Allow` lists those that it takes.
        MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here";
        /// `Accept-Encoding` rules out every encoding, including `identity`.
        NotAcceptable = NOT_ACCEPTABLE, "not-acceptable", "No accepted encoding is left";
        /// The index is older than the caller asks for; the same request may succeed in a moment.
        NotYetIndexed = CONFLICT, "not-yet-indexed", "The index is not new enough yet";
        /// The index generation of the cursor is gone; the search has to start over.
        CursorExpired = GONE, "cursor-expired", "The page cannot be continued";
        /// The body, one image, or all images of the request together have too many bytes.
        TooLarge = PAYLOAD_TOO_LARGE, "too-large", "The image is too large";
        /// The route does not read bodies of this content type.
        UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The content type is not supported";
        /// The image format cannot be decoded; the member `supported` lists those that can.
        UnsupportedFormat = UNSUPPORTED_MEDIA_TYPE, "unsupported-format", "The image format is not supported";
        /// The image is damaged or cut off.
        CorruptImage = UNPROCESSABLE_ENTITY, "corrupt-picture", "The image cannot be decoded";
        /// The image, or all images of the request together, have more pixels than the limit or the memory allows.
        TooManyPixels = UNPROCESSABLE_ENTITY, "too-many-pixels", "The image has too many pixels";
        /// Another encoder than the configured one made the index.
        OtherEncoder = INTERNAL_SERVER_ERROR, "other-encoder", "The index belongs to another encoder";
        /// The stored index is damaged, or another release wrote it.
        UnreadableIndex = INTERNAL_SERVER_ERROR, "unreadable-index", "The stored index cannot be read";
        /// A part of the stored index is missing.
        IncompleteIndex = INTERNAL_SERVER_ERROR, "incomplete-index", "A part of the stored index is missing";
        /// A bucket or table is missing, or the service may not use it.
        Misconfigured = INTERNAL_SERVER_ERROR, "misconfigured", "The service is not set up correctly";
        /// A fault of the service itself.
        Internal = INTERNAL_SERVER_ERROR, "internal", "The service failed";
        /// The catalog is too large to audit within the time and memory of a request.
        AuditTooLarge = SERVICE_UNAVAILABLE, "audit-too-large", "The catalog is too large for this audit";
        /// A store is throttling, slow or failing; the same request may succeed later.
        Unavailable = SERVICE_UNAVAILABLE, "unavailable", "The service is busy";
    }
}

impl ProblemKind {
    /// Returns the URI that identifies the kind, for programs; it never changes.
    pub fn type_uri(self) -> String {
        format!("urn:lookalike:problem:{}", self.name())
    }

    /// Returns the seconds after which the same request is worth another try; `None` if it is not.
    pub fn retry_after(self) -> Option<u64> {
        match self {
            // An image takes about as long from the bucket to the index.
            Self::NotYetIndexed => Some(1),
            Self::Unavailable => Some(2),
            _ => None,
        }
    }
}
