//! Accounts, regions, zones, instances: what AWS itself names.

use super::{Fault, macros::text};

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
    let known = text.split('-').count() == 3;
    if known { Ok(()) } else { Err(Fault::new(format!("there is no region `{text}`"), "like eu-north-1")) }
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
    if text.contains('.') { Ok(()) } else { Err(Fault::new(format!("there is no instance type `{text}`"), "like t3.small")) }
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
    if text.starts_with("db.") { Ok(()) } else { Err(Fault::new(format!("there is no database class `{text}`"), "like db.t4g.medium")) }
}
