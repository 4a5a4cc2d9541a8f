//! Values that a city file writes as text: a duration, an address, the ARN of a secret.
//!
//! Each is a type of its own that can only hold a well-formed value, and says in the JSON Schema what it looks like
//! (`format`, `pattern`, an example). [`FORMS`] lists the same parsers by `format`, so that the structural check of a
//! file ([`super::structure`]) finds every malformed value and not only the first.

mod address;
mod arn;
mod aws;
mod clock;
mod image;
mod macros;
mod name;
mod quantity;

pub use address::{Endpoint, HostName, HttpPath, MailAddress, PathPattern};
pub use arn::{RoleArn, SecretArn};
pub use aws::{AccountId, DatabaseClass, InstanceId, InstanceType, RegionName, ZoneLetter};
pub use clock::{Clock, DailyWindow, TimeZoneName, Weekday, WeeklyWindow};
pub use image::ImageRef;
pub use name::{DatabaseName, EngineVersion, User};
pub use quantity::{Percent, Seconds};

pub(super) use address::{Address, Cidr};

use std::str::FromStr;

/// Why a text isn't what its field asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What is wrong, a sentence without a full stop.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Fault {
    /// A fault with its remedy.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// The parser behind a `format` of the JSON Schema.
pub struct Form {
    /// The `format` in the schema.
    pub name: &'static str,
    /// Says what is wrong with a text.
    pub check: fn(&str) -> Result<(), Fault>,
}

fn parses<T: FromStr<Err = Fault>>(text: &str) -> Result<(), Fault> {
    text.parse::<T>().map(drop)
}

/// Every form that a city file uses.
pub static FORMS: &[Form] = &[
    Form { name: "aws-account", check: parses::<AccountId> },
    Form { name: "aws-region", check: parses::<RegionName> },
    Form { name: "aws-zone-letter", check: parses::<ZoneLetter> },
    Form { name: "ec2-instance-id", check: parses::<InstanceId> },
    Form { name: "ec2-instance-type", check: parses::<InstanceType> },
    Form { name: "rds-class", check: parses::<DatabaseClass> },
    Form { name: "role-arn", check: parses::<RoleArn> },
    Form { name: "secret-arn", check: parses::<SecretArn> },
    Form { name: "image", check: parses::<ImageRef> },
    Form { name: "host-name", check: parses::<HostName> },
    Form { name: "endpoint", check: parses::<Endpoint> },
    Form { name: "http-path", check: parses::<HttpPath> },
    Form { name: "path-pattern", check: parses::<PathPattern> },
    Form { name: "mail-address", check: parses::<MailAddress> },
    Form { name: "ipv4", check: address::check_ipv4 },
    Form { name: "ipv4-cidr", check: address::check_cidr },
    Form { name: "time-of-day", check: parses::<Clock> },
    Form { name: "time-zone", check: parses::<TimeZoneName> },
    Form { name: "daily-window", check: parses::<DailyWindow> },
    Form { name: "weekly-window", check: parses::<WeeklyWindow> },
    Form { name: "span", check: parses::<Seconds> },
    Form { name: "percent", check: parses::<Percent> },
    Form { name: "database-name", check: parses::<DatabaseName> },
    Form { name: "engine-version", check: parses::<EngineVersion> },
    Form { name: "user", check: parses::<User> },
];
