//! The secret of the network in front of the API.

use lookalike_core::OriginSecret;
use lookalike_http::HttpSettings;

use crate::support::Shop;
