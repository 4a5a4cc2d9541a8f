//! Accounts, regions, zones, instances: what AWS itself names.

use super::{Fault, macros::text};
use crate::spec::{catalogue, suggest::choices};

text!(
    /// An AWS account, twelve digits.
    AccountId,
    format: "aws-account",
    pattern: "^[0-9]{12}$",
    example: "123456789012",
    check: check_account
);

fn check_account(text: &str) -> Result<(), Fault> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Fault::new(format!("`{text}` is not an account id"), "twelve digits in quotes, like \"123456789012\""))
}

text!(
    /// A region of AWS that the catalogue knows.
    RegionName,
    format: "aws-region",
    pattern: "^[a-z]{2}-[a-z]+-[0-9]$",
    example: "eu-north-1",
    check: known_region
);

fn known_region(text: &str) -> Result<(), Fault> {
    if catalogue::region(text).is_some() {
        return Ok(());
    }
    let help = choices(text, catalogue::REGIONS.iter().map(|region| region.name));
    Err(Fault::new(format!("there is no region `{text}`"), help))
}

impl RegionName {
    /// The letters of the region's availability zones.
    pub fn zones(&self) -> &'static str {
        catalogue::region(self.as_str()).map_or("", |region| region.zones)
    }
}

text!(
    /// The letter of an availability zone: `a` is `eu-north-1a` in eu-north-1.
    ZoneLetter,
    format: "aws-zone-letter",
    pattern: "^[a-z]$",
    example: "a",
    check: check_letter
);

fn check_letter(text: &str) -> Result<(), Fault> {
    if text.len() == 1 && text.bytes().all(|b| b.is_ascii_lowercase()) {
        return Ok(());
    }
    Err(Fault::new(format!("`{text}` is not the letter of a zone"), "write only the letter: `a` for eu-north-1a"))
}

text!(
    /// The id of an EC2 instance.
    InstanceId,
    format: "ec2-instance-id",
    pattern: "^i-([0-9a-f]{8}|[0-9a-f]{17})$",
    example: "i-0123456789abcdef0",
    check: check_instance
);

fn check_instance(text: &str) -> Result<(), Fault> {
    let hex = |id: &str| matches!(id.len(), 8 | 17) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if text.strip_prefix("i-").is_some_and(hex) {
        return Ok(());
    }
    Err(Fault::new(format!("`{text}` is not an instance id"), "write it like i-0123456789abcdef0"))
}

text!(
    /// An EC2 instance type that the catalogue knows.
    InstanceType,
    format: "ec2-instance-type",
    pattern: "^[a-z0-9-]+\\.[a-z0-9]+$",
    example: "t3.small",
    check: known_type
);

fn known_type(text: &str) -> Result<(), Fault> {
    if catalogue::instance(text).is_some() {
        return Ok(());
    }
    let names = catalogue::INSTANCES.iter().map(|data| data.name);
    Err(Fault::new(format!("there is no instance type `{text}` in the catalogue"), of_family(text, names)))
}

impl InstanceType {
    /// Processors, memory, architecture, price.
    ///
    /// # Panics
    /// Never: a type that isn't in the catalogue can't be made.
    #[expect(clippy::expect_used, reason = "the only constructor looked it up")]
    pub fn data(&self) -> &'static catalogue::InstanceTypeData {
        catalogue::instance(self.as_str()).expect("checked when it was read")
    }
}

/// The names that begin like the one asked for, or else the nearest: the whole catalogue is too long to show.
fn of_family<'a>(text: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let head = text.rfind('.').map_or(text, |end| &text[..=end]);
    let family: Vec<&str> = names.clone().filter(|name| name.starts_with(head)).collect();
    if family.is_empty() {
        let families = names.filter_map(|name| name.rsplit_once('.')).map(|(family, _)| family);
        let mut families: Vec<&str> = families.collect();
        families.dedup();
        return choices(head.trim_end_matches('.'), families.into_iter());
    }
    choices(text, family.into_iter())
}

text!(
    /// An RDS instance class that the catalogue knows.
    DatabaseClass,
    format: "rds-class",
    pattern: "^db\\.[a-z0-9]+\\.[a-z0-9]+$",
    example: "db.t4g.medium",
    check: known_class
);

fn known_class(text: &str) -> Result<(), Fault> {
    if catalogue::class(text).is_some() {
        return Ok(());
    }
    let names = catalogue::CLASSES.iter().map(|data| data.name);
    Err(Fault::new(format!("there is no database class `{text}` in the catalogue"), of_family(text, names)))
}

impl DatabaseClass {
    /// Processors, memory, price.
    ///
    /// # Panics
    /// Never: a class that isn't in the catalogue can't be made.
    #[expect(clippy::expect_used, reason = "the only constructor looked it up")]
    pub fn data(&self) -> &'static catalogue::DatabaseClassData {
        catalogue::class(self.as_str()).expect("checked when it was read")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_catalogue_is_answered_with_what_is() {
        assert_eq!("eu-north-1".parse::<RegionName>().unwrap().zones(), "abc");
        let help = |fault: Fault| fault.help.unwrap();
        assert!(help("eu-nort-1".parse::<RegionName>().unwrap_err()).starts_with("did you mean `eu-north-1`?"));
        assert!(help("t3.smal".parse::<InstanceType>().unwrap_err()).starts_with("did you mean `t3.small`? valid: `t3.micro`"));
        assert!(help("db.t4.small".parse::<DatabaseClass>().unwrap_err()).starts_with("did you mean `db.t"));
        assert_eq!("t4g.small".parse::<InstanceType>().unwrap().data().architecture.name(), "arm64");
    }

    #[test]
    fn ids() {
        assert!("012345678901".parse::<AccountId>().is_ok() && "12345".parse::<AccountId>().is_err());
        assert!("i-0123456789abcdef0".parse::<InstanceId>().is_ok() && "i-xyz".parse::<InstanceId>().is_err());
        assert!("a".parse::<ZoneLetter>().is_ok() && "eu-north-1a".parse::<ZoneLetter>().is_err());
    }
}
