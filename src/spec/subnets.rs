//! Divides a city's network among its zones.
//!
//! The network is cut into equal slots: four for two or three zones, eight for more. Each zone's private subnet is a whole
//! slot, since every instance and database lives there; the last slot is cut into eight for the public subnets, which hold only the
//! load balancer and NAT gateways. So a /16 gives /18 private and /21 public subnets, and a third zone moves nothing.

use ipnet::Ipv4Net;

use super::CitySpec;

/// The smallest public subnet: a load balancer needs a /27 (D).
const SMALLEST_PUBLIC: u8 = 27;

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The letter of its zone.
    pub letter: String,
    /// The full name of its zone, like `eu-north-1a`.
    pub zone: String,
    /// Whether it has a route to the internet gateway.
    pub public: bool,
    /// Its addresses.
    pub cidr: Ipv4Net,
}

/// The network has too few addresses for its zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network is too small for its zones: it must be /{largest_prefix} or larger")]
pub struct TooSmall {
    /// The longest prefix that would do.
    pub largest_prefix: u8,
}

/// The public and private subnets of a city, zone by zone, private first.
pub fn subnets(spec: &CitySpec) -> Result<Vec<Subnet>, TooSmall> {
    let zones = &spec.network.zones;
    // One slot more than zones, for the public subnets; at most eight zones fit the eight parts of that slot.
    let slot_bits = if zones.len() <= 3 { 2 } else { 3 };
    let largest_prefix = SMALLEST_PUBLIC - slot_bits - 3;
    let prefix = spec.network.cidr.prefix_len();
    let cut = |net: Ipv4Net, bits: u8| net.subnets(net.prefix_len() + bits).map_err(|_| TooSmall { largest_prefix });
    if prefix > largest_prefix {
        return Err(TooSmall { largest_prefix });
    }
    let slots: Vec<Ipv4Net> = cut(spec.network.cidr, slot_bits)?.collect();
    let last = slots[slots.len() - 1];
    let publics = cut(last, 3)?;
    Ok(zones
        .iter()
        .zip(slots.iter().zip(publics))
        .flat_map(|(letter, (private, public))| {
            [(false, *private), (true, public)].map(|(public, cidr)| Subnet {
                letter: letter.to_string(),
                zone: format!("{}{letter}", spec.region),
                public,
                cidr,
            })
        })
        .collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::spec::testing::city_with;

    fn layout(cidr: &str, zones: &str) -> Result<Vec<Subnet>, TooSmall> {
        subnets(&city_with(|spec| {
            spec.network.cidr = cidr.parse().unwrap();
            spec.network.zones = zones.chars().map(|letter| letter.to_string().parse().unwrap()).collect();
        }))
    }

    #[test]
    fn a_third_zone_moves_nothing() {
        let two = layout("10.41.0.0/16", "ab").unwrap();
        let three = layout("10.41.0.0/16", "abc").unwrap();
        assert_eq!(two, three[..4]);
        let cidrs: Vec<String> = two.iter().map(|subnet| subnet.cidr.to_string()).collect();
        assert_eq!(cidrs, ["10.41.0.0/18", "10.41.192.0/21", "10.41.64.0/18", "10.41.200.0/21"]);
        assert_eq!((two[0].zone.as_str(), two[0].public, two[1].public), ("eu-north-1a", false, true));
    }

    #[test]
    fn subnets_lie_in_the_network_and_apart() {
        for (cidr, zones) in [("10.41.0.0/22", "abc"), ("10.41.0.0/21", "abcdef"), ("10.0.0.0/16", "abcd")] {
            let all = layout(cidr, zones).unwrap();
            assert_eq!(all.len(), zones.len() * 2);
            let net: Ipv4Net = cidr.parse().unwrap();
            for (index, one) in all.iter().enumerate() {
                assert!(net.contains(&one.cidr) && one.cidr.prefix_len() <= SMALLEST_PUBLIC);
                assert!(all[index + 1..].iter().all(|other| !one.cidr.contains(&other.cidr) && !other.cidr.contains(&one.cidr)));
            }
        }
    }

    #[test]
    fn too_small() {
        assert_eq!(layout("10.41.0.0/23", "abc"), Err(TooSmall { largest_prefix: 22 }));
        assert_eq!(layout("10.41.0.0/22", "abcd"), Err(TooSmall { largest_prefix: 21 }));
    }
}
