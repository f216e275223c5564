//! A port that stays ours: through a server's stops and starts, and against other test processes.
//! Invariant: while a [`Port`] lives no other `Port` on this machine has its number.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Below the range from which the kernel takes ports for outgoing connections. Inside it, a client that keeps knocking at a
/// stopped server's port may be given that very port as its own and end up connected to itself.
const FIRST: u32 = 15_000;
const COUNT: u32 = 15_000;

/// A TCP port on loopback.
#[derive(Debug)]
pub struct Port {
    number: u16,
    // Servers here speak TCP, so the UDP port of the same number serves as the claim: the kernel keeps it exclusive
    // and gives it back however the test process ends.
    _claim: UdpSocket,
}

impl Port {
    /// Claims a port nobody listens on.
    pub fn claim() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let start = process::id().wrapping_mul(101);
        for _ in 0..COUNT {
            let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
            let number = u16::try_from(FIRST + offset).expect("the range ends below 65536");
            let Ok(claim) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Self { number, _claim: claim };
            }
        }
        panic!("no free port between {FIRST} and {}", FIRST + COUNT)
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Its address on loopback.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ports_have_one_number() {
        let held: Vec<Port> = (0..200).map(|_| Port::claim()).collect();
        let mut numbers: Vec<u16> = held.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 200);
    }
}
