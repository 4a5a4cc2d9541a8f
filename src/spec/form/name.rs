//! Versions, database names and users.

use super::{Fault, macros::text};

text!(
    /// The version of a database engine: numbers and dots.
    EngineVersion,
    format: "engine-version",
    pattern: "^[0-9]+(\\.[0-9]+)*$",
    example: "16.8",
    check: check_version
);

impl EngineVersion {
    /// The numbers of the version.
    pub fn numbers(&self) -> Vec<u32> {
        self.as_str().split('.').filter_map(|n| n.parse().ok()).collect()
    }
}

fn check_version(text: &str) -> Result<(), Fault> {
    if text.split('.').all(|n| (1..=4).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(());
    }
    Err(Fault::new(format!("`{text}` is not a version"), "write numbers and dots in quotes, like \"16.8\""))
}

text!(
    /// The name of a database.
    DatabaseName,
    format: "database-name",
    pattern: "^[A-Za-z][A-Za-z0-9_]{0,62}$",
    example: "bikes",
    check: check_database
);

fn check_database(text: &str) -> Result<(), Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if text.len() <= 63 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(plain) {
        return Ok(());
    }
    Err(Fault::new(format!("`{text}` can't be the name of a database"), "a letter, then letters, digits and underscores, at most 63"))
}

text!(
    /// Who a container runs as: `uid:gid`, not root.
    User,
    format: "user",
    pattern: "^[1-9][0-9]{0,5}:[0-9]{1,6}$",
    example: "1000:1000",
    check: check_user
);

fn check_user(text: &str) -> Result<(), Fault> {
    let number = |t: &str| if (1..=6).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit()) { t.parse::<u32>().ok() } else { None };
    let help = "write uid:gid in quotes, like \"1000:1000\"";
    match text.split_once(':').and_then(|(uid, gid)| Some((number(uid)?, number(gid)?))) {
        Some((0, _)) => Err(Fault::new("containers don't run as root", help)),
        Some(_) => Ok(()),
        None => Err(Fault::new(format!("`{text}` is not a user and group"), help)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn versions_names_users() {
        assert_eq!("8.4.5".parse::<EngineVersion>().unwrap().numbers(), [8, 4, 5]);
        for text in ["", "16.", ".8", "16.x", "v16"] {
            assert!(text.parse::<EngineVersion>().is_err(), "{text}");
        }
        assert!("bikes_2".parse::<DatabaseName>().is_ok() && "2bikes".parse::<DatabaseName>().is_err());
        assert!("1000:1000".parse::<User>().is_ok() && "web".parse::<User>().is_err());
        assert_eq!("0:0".parse::<User>().unwrap_err().message, "containers don't run as root");
    }
}
