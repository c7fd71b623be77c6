//! How far an address reaches, which decides whether anything is sent there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as far as its reach goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Somewhere on the internet.
    Public,
    /// This machine.
    Loopback,
    /// A network of somebody's own.
    Private,
    /// Where no application answers: link-local, metadata services, multicast, nobody.
    Never,
}

impl Reach {
    /// The reach of an address; an IPv6 one that stands for an IPv4 one has that one's.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => embedded(address).map_or_else(|| of_v6(address), of_v4),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    /// Alibaba's and Oracle's metadata services are outside the link-local block.
    const METADATA: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
    let [first, second, ..] = address.octets();
    if address.is_loopback() {
        return Reach::Loopback;
    }
    let nowhere = address.is_link_local() || address.is_multicast() || first == 0 || first >= 240;
    if nowhere || METADATA.contains(&address) {
        return Reach::Never;
    }
    // Shared behind a carrier's NAT; for benchmarks; assigned to protocols.
    let shared = first == 100 && (64..128).contains(&second);
    let special = (first == 198 && (18..20).contains(&second)) || address.octets().starts_with(&[192, 0, 0]);
    if address.is_private() || shared || special { Reach::Private } else { Reach::Public }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    /// Amazon's metadata service is inside the unique local block.
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if address.is_loopback() {
        return Reach::Loopback;
    }
    let nowhere = address.is_unspecified() || address.is_multicast() || address.is_unicast_link_local();
    if nowhere || leads_anywhere(address) || address == METADATA {
        return Reach::Never;
    }
    // Site-local addresses are out of use, and networks that have some are somebody's own.
    let is_site_local = matches!(address.segments(), [0xfec0..=0xfeff, ..]);
    if address.is_unique_local() || is_site_local { Reach::Private } else { Reach::Public }
}

/// Which IPv4 address it comes out at is decided by a network nobody asked: translated by a prefix of its own (64:ff9b:1::/48), or
/// tunnelled by Teredo (2001::/32). Or it is thrown away (100::/64).
fn leads_anywhere(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0x64, 0xff9b, 1, ..] | [0x2001, 0, ..] | [0x100, 0, 0, 0, ..])
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, translated (64:ff9b::/96) or tunnelled (2002::/16).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reaches_as_far_as_the_one_it_stands_for() {
        let table = [
            (Reach::Loopback, &["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"][..]),
            (
                Reach::Private,
                &[
                    "10.1.2.3",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "100.64.0.1",
                    "198.18.0.1",
                    "192.0.0.8",
                    "fd00::1",
                    "::ffff:10.0.0.7",
                    "2002:0a00:0001::",
                    "fec0::1",
                    "feff::1",
                ],
            ),
            (
                Reach::Never,
                &[
                    "169.254.169.254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::a9fe:a9fe",
                    "2002:a9fe:a9fe::1",
                    "::169.254.169.254",
                    "fe80::1",
                    "fd00:ec2::254",
                    "100.100.100.200",
                    "0.0.0.0",
                    "::",
                    "224.0.0.1",
                    "255.255.255.255",
                    "ff02::1",
                    "64:ff9b:1::a9fe:a9fe",
                    "64:ff9b:1:a9fe:a9:fe00::",
                    "2001:0:a9fe:a9fe::1",
                    "100::1",
                ],
            ),
            (
                Reach::Public,
                &[
                    "93.184.215.14",
                    "172.32.0.1",
                    "100.128.0.1",
                    "192.0.1.1",
                    "2606:2800:220:1::1",
                    "::ffff:93.184.215.14",
                ],
            ),
        ];
        for (reach, addresses) in table {
            for text in addresses {
                assert_eq!(Reach::of(text.parse().expect("an address")), reach, "{text}");
            }
        }
    }
}
