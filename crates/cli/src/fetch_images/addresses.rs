//! Which addresses a link may lead to.
//!
//! A feed is often written by others. Its links must not make this machine ask servers that only this machine
//! reaches: cloud metadata services, databases, printers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A link leads to an address that is not public.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} is {address}, which is not a public address: give --allow-private-addresses if the server is yours"
)]
pub(crate) struct NotPublic {
    host: String,
    address: IpAddr,
}

/// Refuses a URL whose host is an address that is not public. Names are checked when they are resolved.
pub(crate) fn check_literal(url: &Url) -> Result<(), NotPublic> {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    match literal.parse() {
        Ok(address) if !is_public(address) => Err(NotPublic {
            host: host.to_owned(),
            address,
        }),
        _ => Ok(()),
    }
}

/// Resolves names to public addresses only. The client connects to just the addresses that were checked, so a name
/// that has another address the next time gains nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            // The client sets the port.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(public(host, found)?.into_iter()) as Addrs)
        })
    }
}

/// Returns the public addresses among those of a host, or an error if it has none but others.
fn public(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    let first = found.first().map(SocketAddr::ip);
    let public: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| is_public(address.ip()))
        .collect();
    match first {
        Some(address) if public.is_empty() => Err(NotPublic {
            host: host.to_owned(),
            address,
        }),
        _ => Ok(public),
    }
}

/// True if anyone on the internet reaches the address: the registries of special-purpose addresses of IANA
/// (RFC 6890 and its updates).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        // Shared by the customers of a provider; Amazon and Alibaba have services there.
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        // The platform of Azure answers its machines here.
        || address == Ipv4Addr::new(168, 63, 129, 16)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && matches!(b, 18 | 19))
        || a >= 240;
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [high, low] = [segments[6], segments[7]].map(u16::to_be_bytes);
    let embedded = Ipv4Addr::new(high[0], high[1], low[0], low[1]);
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => is_public_v4(embedded),
        // Addresses of 6to4 have that of version 4 in front.
        [0x2002, high, low, ..] => {
            let [high, low] = [high, low].map(u16::to_be_bytes);
            is_public_v4(Ipv4Addr::new(high[0], high[1], low[0], low[1]))
        }
        // Teredo, benchmarks, ORCHID and other protocols; documentation.
        [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
        // The only block that is given out for the internet.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const INSIDE: [&str; 27] = [
        "0.0.0.0",
        "10.1.2.3",
        "100.100.100.200",
        "127.0.0.1",
        "127.9.9.9",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
    ];
    const OUTSIDE: [&str; 9] = [
        "1.1.1.1",
        "168.63.129.17",
        "100.63.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "223.255.255.254",
        "::ffff:8.8.8.8",
        "2606:4700:4700::1111",
        "64:ff9b::808:808",
    ];

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for address in INSIDE {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in OUTSIDE {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_in_links_are_refused_in_every_spelling() {
        for link in [
            "http://127.0.0.1/a",
            "http://2130706433/a",
            "http://0x7f.1/a",
            "http://017700000001/a",
            "https://[::ffff:127.0.0.1]:8080/a",
            "http://169.254.169.254/latest/meta-data/",
        ] {
            assert!(check_literal(&Url::parse(link).unwrap()).is_err(), "{link}");
        }
        for link in [
            "http://1.1.1.1/",
            "http://[2606:4700::1]/",
            "http://localhost/",
        ] {
            assert!(check_literal(&Url::parse(link).unwrap()).is_ok(), "{link}");
        }
    }

    #[test]
    fn a_name_with_both_kinds_of_addresses_reaches_the_public_ones() {
        let addresses = |texts: &[&str]| texts.iter().map(|a| a.parse().unwrap()).collect();
        let both = addresses(&["10.0.0.1:0", "1.1.1.1:0"]);
        assert_eq!(public("h", both), Ok(addresses(&["1.1.1.1:0"])));
        let refused = public("h", addresses(&["127.0.0.1:0", "[::1]:0"])).unwrap_err();
        assert!(refused.to_string().starts_with("h is 127.0.0.1"));
    }

    #[tokio::test]
    async fn names_of_this_machine_are_refused() {
        let name: Name = "localhost".parse().unwrap();
        let Err(error) = PublicResolver.resolve(name).await else {
            panic!("localhost was resolved");
        };
        assert!(error.downcast_ref::<NotPublic>().is_some(), "{error}");
    }
}
