//! Refusing pages of other sites. Browsers let every page send requests to this machine, and the keys are no secret, so
//! a page could sign what it sends: only pages of this machine are answered.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

/// Returns why a request is refused: it comes from a page of another site, or reached a server of the loopback
/// interface under a name that another site can give it. Returns `None` if it is fine.
pub(crate) fn refusal_of(request: &Parts, listens_on_loopback: bool) -> Option<String> {
    let host = request.uri.authority().cloned();
    let host = host.or_else(|| only_host(request));
    if listens_on_loopback
        && !host
            .as_ref()
            .is_some_and(|host| is_of_this_machine(host) || is_of_container(host))
    {
        return Some(format!(
            "this server has no name {:?}: use localhost or 127.0.0.1, or let it listen on another address",
            host.as_ref().map_or("", Authority::host)
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

/// Returns the host that the only `Host` header names.
fn only_host(request: &Parts) -> Option<Authority> {
    let mut hosts = request.headers.get_all(HOST).iter();
    let (host, None) = (hosts.next()?, hosts.next()) else {
        return None;
    };
    host.to_str().ok()?.parse().ok()
}

/// True for the names that containers have for the machine that they run on. They belong to no site, and only programs
/// in containers use them: no page is at such an origin.
fn is_of_container(authority: &Authority) -> bool {
    let names = [
        "host.docker.internal",
        "host.containers.internal",
        "host.lima.internal",
    ];
    names
        .iter()
        .any(|name| authority.host().eq_ignore_ascii_case(name))
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
    fn containers_reach_a_server_of_the_loopback_interface() {
        assert!(is_answered("host.docker.internal:4566", None, true));
        let page = Some("http://host.docker.internal:4566");
        assert!(!is_answered("127.0.0.1:9000", page, true));
    }

    #[test]
    fn a_host_that_is_no_name_or_is_missing_or_given_twice_is_refused() {
        assert!(!is_answered("a{b.example.com:9000", None, true));
        let refused = |hosts: &[&str]| {
            let mut request = http::Request::get("/");
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let request = request.body(()).unwrap().into_parts().0;
            refusal_of(&request, true).is_some()
        };
        assert!(refused(&[]));
        assert!(refused(&["127.0.0.1:9000", "rebound.example.com:9000"]));
        assert!(!refused(&["127.0.0.1:9000"]));
    }

    #[test]
    fn a_server_of_other_addresses_is_for_pages_of_its_own_host() {
        let page = Some("http://host.docker.internal:8080");
        assert!(is_answered("host.docker.internal:9000", None, false));
        assert!(is_answered("host.docker.internal:9000", page, false));
        assert!(!is_answered("192.168.0.7:9000", page, false));
    }
}
