//! Refusing pages of other sites. Browsers let every page send requests to this machine, and the keys are no secret, so
//! a page could sign what it sends: only pages of this machine are answered.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

/// Returns why a request is refused: it comes from a page of another site, or reached a server of the loopback
/// interface under a name that another site can give it. Returns `None` if it is fine.
pub(crate) fn refusal_of(request: &Parts, listens_on_loopback: bool) -> Option<String> {
    let header = |name| request.headers.get(name)?.to_str().ok();
    let host = request.uri.authority().cloned();
    let host = host.or_else(|| header(HOST)?.parse().ok());
    if let Some(host) = &host
        && listens_on_loopback
        && !is_of_this_machine(host)
    {
        return Some(format!(
            "this server has no name {:?}: use localhost or 127.0.0.1, or let it listen on another address",
            host.host()
        ));
    }
    let origin = request.headers.get(ORIGIN)?;
    let origin = String::from_utf8_lossy(origin.as_bytes());
    let page = (origin.split_once("://")).and_then(|(_, page)| page.parse::<Authority>().ok());
    let is_allowed = page.is_some_and(|page| {
        is_of_this_machine(&page) || host.is_some_and(|host| page.host() == host.host())
    });
    (!is_allowed).then(|| {
        format!("pages at {origin:?} may not use this server: only those of this machine may, such as http://localhost")
    })
}

/// True for loopback addresses, and for the names that browsers take for one without asking DNS.
fn is_of_this_machine(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = |address: IpAddr| address.is_loopback();
    let name = host.to_ascii_lowercase();
    address.parse().is_ok_and(is_loopback) || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn is_answered(host: &str, origin: Option<&str>, listens_on_loopback: bool) -> bool {
        let mut request = http::Request::post("/").header(HOST, host);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let request = request.body(()).unwrap().into_parts().0;
        refusal_of(&request, listens_on_loopback).is_none()
    }

    #[test]
    fn pages_of_this_machine_and_programs_are_answered() {
        for host in ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"] {
            for origin in [
                None,
                Some("http://127.0.0.1:8080"),
                Some("http://localhost"),
                Some("https://shop.localhost:8080"),
                Some("http://[::1]:8080"),
            ] {
                assert!(is_answered(host, origin, true), "{host} {origin:?}");
            }
        }
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        for origin in [
            "https://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com:9000",
            "http://192.168.0.7",
            "null",
            "",
            "file://",
            "127.0.0.1",
        ] {
            assert!(
                !is_answered("127.0.0.1:9000", Some(origin), true),
                "{origin}"
            );
        }
    }

    #[test]
    fn a_name_of_another_site_does_not_lead_here() {
        assert!(!is_answered("rebound.example.com:9000", None, true));
        let origin = Some("http://rebound.example.com:9000");
        assert!(!is_answered("rebound.example.com:9000", origin, true));
    }

    #[test]
    fn a_server_of_other_addresses_is_for_pages_of_its_own_host() {
        let page = Some("http://host.docker.internal:8080");
        assert!(is_answered("host.docker.internal:9000", None, false));
        assert!(is_answered("host.docker.internal:9000", page, false));
        assert!(!is_answered("192.168.0.7:9000", page, false));
    }
}
