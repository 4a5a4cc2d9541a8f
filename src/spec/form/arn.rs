//! ARNs that a city file holds.

use super::{AccountId, Fault, macros::text};

text!(
    /// The ARN of an IAM role.
    RoleArn,
    format: "role-arn",
    pattern: "^arn:aws:iam::[0-9]{12}:role/.+$",
    example: "arn:aws:iam::123456789012:role/migrate",
    check: check_role
);

text!(
    /// The ARN of a secret in Secrets Manager. The secret itself is never read into a plan, a state or a log.
    SecretArn,
    format: "secret-arn",
    pattern: "^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$",
    example: "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/legacy-database-AbCdEf",
    check: check_secret
);

impl SecretArn {
    /// The region that the secret is in.
    pub fn region(&self) -> &str {
        self.as_str().split(':').nth(3).unwrap_or_default()
    }

    /// The account that the secret is in.
    pub fn account(&self) -> &str {
        self.as_str().split(':').nth(4).unwrap_or_default()
    }
}

impl RoleArn {
    /// The account that the role is in.
    pub fn account(&self) -> &str {
        self.as_str().split(':').nth(4).unwrap_or_default()
    }
}

fn check_role(text: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let valid = matches!(parts[..], ["arn", "aws", "iam", "", account, role]
        if account.parse::<AccountId>().is_ok() && role.strip_prefix("role/").is_some_and(is_path));
    if valid { Ok(()) } else { Err(Fault::new(format!("`{text}` is not the ARN of a role"), "write it like arn:aws:iam::123456789012:role/migrate")) }
}

fn check_secret(text: &str) -> Result<(), Fault> {
    let parts: Vec<&str> = text.splitn(7, ':').collect();
    let valid = matches!(parts[..], ["arn", "aws", "secretsmanager", region, account, "secret", name]
        if !region.is_empty() && account.parse::<AccountId>().is_ok() && is_path(name));
    if valid {
        return Ok(());
    }
    Err(Fault::new(
        format!("`{text}` is not the ARN of a secret"),
        "write it like arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/legacy-database-AbCdEf",
    ))
}

/// The characters that names of roles and secrets have in common with a field selector (`:json-key::`).
fn is_path(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+=.@-:,".contains(&b))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_secret_knows_its_account_and_region() {
        let arn: SecretArn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:malmo/db-AbCdEf".parse().unwrap();
        assert_eq!((arn.region(), arn.account()), ("eu-north-1", "123456789012"));
    }

    #[test]
    fn other_arns_are_refused() {
        for text in ["", "malmo/db", "arn:aws:s3:::bucket", "arn:aws:secretsmanager:eu-north-1:1234:secret:x", "arn:aws:secretsmanager:eu-north-1:123456789012:secret:"] {
            assert!(text.parse::<SecretArn>().is_err(), "{text}");
        }
        assert!("arn:aws:iam::123456789012:role/migrate".parse::<RoleArn>().is_ok());
        assert!("arn:aws:iam::123456789012:user/migrate".parse::<RoleArn>().is_err());
    }
}
