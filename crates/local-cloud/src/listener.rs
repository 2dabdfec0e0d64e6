//! The sockets that servers listen on.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::error::StartError;

/// A socket that listens, before anything answers on it. All sockets are bound before anything is opened, so that a
/// taken port leaves no trace.
pub(crate) struct Listener {
    service: &'static str,
    address: SocketAddr,
    socket: std::net::TcpListener,
}

/// A socket of an HTTP server.
pub(crate) struct HttpSocket {
    pub(crate) socket: TcpListener,
    /// Maximum time between two pieces of a request, and for which a connection waits for the next one.
    pub(crate) max_silence: Duration,
}

impl Listener {
    /// Binds `port` of `address`, 0 for a free one; `service` is the name in errors.
    pub(crate) fn bind(
        service: &'static str,
        address: IpAddr,
        port: u16,
    ) -> Result<Self, StartError> {
        let bind = || {
            let socket = std::net::TcpListener::bind((address, port))?;
            socket.set_nonblocking(true)?;
            Ok((socket.local_addr()?, socket))
        };
        let bound = bind().map_err(|source: std::io::Error| match source.kind() {
            ErrorKind::AddrInUse => StartError::PortTaken { service, port },
            _ => StartError::Listen {
                service,
                port,
                source,
            },
        });
        bound.map(|(address, socket)| Self {
            service,
            address,
            socket,
        })
    }

    /// Binds a free port of an address that no page can guess, for a server that answers everyone. Where the loopback
    /// interface has one address only, as on macOS, it is that.
    pub(crate) fn bind_hidden(service: &'static str) -> Result<Self, StartError> {
        let [a, b, c, ..] = rand::random::<u32>().to_be_bytes();
        let hidden = Ipv4Addr::new(127, a, b, c.clamp(2, 254));
        Self::bind(service, hidden.into(), 0)
            .or_else(|_| Self::bind(service, Ipv4Addr::LOCALHOST.into(), 0))
    }

    /// Where clients on this machine reach it.
    pub(crate) fn address(&self) -> SocketAddr {
        reachable(self.address)
    }

    /// The socket, for a runtime of its own.
    pub(crate) fn into_std(self) -> std::net::TcpListener {
        self.socket
    }

    /// The socket, for an HTTP server of the current runtime whose clients may be silent for so long.
    pub(crate) fn into_http(self, max_silence: Duration) -> Result<HttpSocket, StartError> {
        let failed = Self::failed(self.service, self.address);
        let socket = TcpListener::from_std(self.socket).map_err(failed)?;
        Ok(HttpSocket {
            socket,
            max_silence,
        })
    }

    /// Makes the error of a server that cannot be started on this socket.
    pub(crate) fn failed(
        service: &'static str,
        address: SocketAddr,
    ) -> impl FnOnce(std::io::Error) -> StartError {
        move |source| StartError::Listen {
            service,
            port: address.port(),
            source,
        }
    }
}

/// Returns where clients on this machine reach a server that is bound to `address`: no client can connect to "all
/// addresses", but the loopback address is one of them.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn clients_are_told_an_address_that_they_can_connect_to() {
        for (bound, told) in [
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("172.17.0.1:9000", "172.17.0.1:9000"),
            ("0.0.0.0:9000", "127.0.0.1:9000"),
            ("[::]:9000", "[::1]:9000"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), told);
        }
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        // An address for documentation, which no machine has.
        let elsewhere = "198.51.100.1".parse().unwrap();
        let refused = Listener::bind("S3", elsewhere, 0).err();
        assert!(
            matches!(refused, Some(StartError::Listen { service: "S3", .. })),
            "{refused:?}"
        );
    }
}
