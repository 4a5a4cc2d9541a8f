//! Names and addresses: hosts, paths, endpoints, mail.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::{Fault, macros::{form, form_schema, text}};

text!(
    /// A DNS name in lower case without the final dot, like `www.malmobybike.example`.
    HostName,
    format: "host-name",
    pattern: "^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    example: "www.malmobybike.example",
    check: check_host
);

impl HostName {
    /// Whether the name is the zone's own or lies under it.
    pub fn is_within(&self, zone: &HostName) -> bool {
        self == zone || self.as_str().strip_suffix(zone.as_str()).is_some_and(|head| head.ends_with('.'))
    }
}

fn check_host(text: &str) -> Result<(), Fault> {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if text.len() <= 253 && text.contains('.') && text.split('.').all(label) {
        return Ok(());
    }
    Err(Fault::new(
        format!("`{text}` is not a host name"),
        "write it like www.malmobybike.example: lower case, no scheme, no port, no final dot",
    ))
}

/// A host or address and its port, like `10.40.2.20:5432`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint {
    /// A host name or an IPv4 address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

form!(Endpoint, format: "endpoint", pattern: "^[a-z0-9.-]+:[0-9]{1,5}$", example: "10.40.2.20:5432");

impl FromStr for Endpoint {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new(format!("`{text}` is not an endpoint"), "write host and port, like 10.40.2.20:5432");
        let (host, port) = text.rsplit_once(':').ok_or_else(fault)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(fault)?;
        // Four numbers and dots pass for a host name, so an address out of range must be told apart.
        let numeric = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let valid = if numeric { host.parse::<Ipv4Addr>().is_ok() } else { check_host(host).is_ok() };
        if valid { Ok(Self { host: host.to_owned(), port }) } else { Err(fault()) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

text!(
    /// An absolute path of a URL without query, like `/healthz`.
    HttpPath,
    format: "http-path",
    pattern: "^/[A-Za-z0-9_.$/~@:+%-]*$",
    example: "/healthz",
    check: check_path
);

fn check_path(text: &str) -> Result<(), Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.$/~@:+%-".contains(&b);
    if text.starts_with('/') && text.len() <= 1024 && text.bytes().all(plain) {
        return Ok(());
    }
    Err(Fault::new(format!("`{text}` is not a path"), "write it like /healthz"))
}

text!(
    /// A path pattern of a load balancer rule, like `/api/*`; `*` is any text, `?` any character.
    PathPattern,
    format: "path-pattern",
    pattern: "^/[A-Za-z0-9_.$/~@:+&*?-]{0,127}$",
    example: "/api/*",
    check: check_pattern
);

fn check_pattern(text: &str) -> Result<(), Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.$/~@:+&*?-".contains(&b);
    // 128 characters is the load balancer's own limit (D).
    if text.starts_with('/') && text.len() <= 128 && text.bytes().all(plain) {
        return Ok(());
    }
    Err(Fault::new(format!("`{text}` is not a path pattern"), "write it like /api/*, at most 128 characters"))
}

text!(
    /// A mail address.
    MailAddress,
    format: "mail-address",
    pattern: "^[^@ ]+@[^@ ]+\\.[^@ ]+$",
    example: "ops@malmobybike.example",
    check: check_mail
);

fn check_mail(text: &str) -> Result<(), Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    let valid = text.split_once('@').is_some_and(|(user, host)| {
        (1..=64).contains(&user.len()) && user.bytes().all(plain) && check_host(&host.to_lowercase()).is_ok()
    });
    if valid { Ok(()) } else { Err(Fault::new(format!("`{text}` is not a mail address"), "write it like ops@malmobybike.example")) }
}

pub(super) fn check_ipv4(text: &str) -> Result<(), Fault> {
    let parsed = text.parse::<Ipv4Addr>();
    parsed.map(drop).map_err(|_| Fault::new(format!("`{text}` is not an IPv4 address"), "write it like 198.51.100.10"))
}

pub(super) fn check_cidr(text: &str) -> Result<(), Fault> {
    let Ok(net) = text.parse::<Ipv4Net>() else {
        return Err(Fault::new(format!("`{text}` is not an IPv4 network"), "write it like 10.41.0.0/16"));
    };
    if net.trunc() != net {
        return Err(Fault::new(format!("`{text}` has address bits after its prefix"), format!("did you mean `{}`?", net.trunc())));
    }
    Ok(())
}

/// How the schema describes an [`Ipv4Addr`].
pub struct Address;

form_schema!(Address, format: "ipv4", pattern: "^([0-9]{1,3}\\.){3}[0-9]{1,3}$", example: "198.51.100.10");

/// How the schema describes an [`Ipv4Net`].
pub struct Cidr;

form_schema!(Cidr, format: "ipv4-cidr", pattern: "^([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}$", example: "10.41.0.0/16");

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let host = |t: &str| t.parse::<HostName>();
        assert!(host("www.malmobybike.example").unwrap().is_within(&host("malmobybike.example").unwrap()));
        assert!(host("malmobybike.example").unwrap().is_within(&host("malmobybike.example").unwrap()));
        assert!(!host("evilmalmobybike.example").unwrap().is_within(&host("malmobybike.example").unwrap()));
        for text in ["", "localhost", "https://a.b", "a.b.", "A.b", "-a.b", "a..b", "a_b.c", "a.b:80"] {
            assert!(host(text).is_err(), "{text}");
        }
    }

    #[test]
    fn endpoints() {
        assert_eq!("10.40.2.20:5432".parse::<Endpoint>().unwrap().port, 5432);
        assert_eq!("db.malmo.example:3306".parse::<Endpoint>().unwrap().to_string(), "db.malmo.example:3306");
        for text in ["10.40.2.20", "10.40.2.300:5432", "db:0", "db.x:70000", ":5432", "10.40.2.20:"] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn paths_mail_and_networks() {
        assert!("/healthz".parse::<HttpPath>().is_ok() && "healthz".parse::<HttpPath>().is_err());
        assert!("/api/*".parse::<PathPattern>().is_ok() && "/a b".parse::<PathPattern>().is_err());
        assert!("ops@malmo.example".parse::<MailAddress>().is_ok());
        for text in ["ops", "ops@", "@malmo.example", "ops@malmo", "a@b@c.example", "a b@c.example"] {
            assert!(text.parse::<MailAddress>().is_err(), "{text}");
        }
        assert!(check_cidr("10.41.0.0/16").is_ok() && check_cidr("10.41.0.0").is_err());
        assert_eq!(check_cidr("10.41.0.1/16").unwrap_err().help.unwrap(), "did you mean `10.41.0.0/16`?");
        assert!(check_ipv4("198.51.100.300").is_err());
    }
}
