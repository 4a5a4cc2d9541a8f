//! The tags that every resource bears: whose it is, and which. State that was lost is rebuilt from them.

use super::{Aws, Making};
use crate::engine::{CloudError, CloudResult, ErrorClass};

/// The tag that holds the city's name.
pub const CITY: &str = "migrate:city";
/// The code of errors that say: the name that the city needs is taken by somebody else's.
pub const NOT_OURS: &str = "NotOurs";
/// The tag that holds the resource's address.
pub const ADDRESS: &str = "migrate:address";

/// The tags of a resource as pairs, for the service modules to put into their own `Tag` types.
pub fn of(aws: &Aws, making: Making<'_>) -> Vec<(String, String)> {
    vec![
        ("Name".into(), name(aws, making.address.as_str())),
        (CITY.into(), aws.city.clone()),
        (ADDRESS.into(), making.address.to_string()),
    ]
}

/// That a resource which was found by its name belongs to the city; `owner` is its tag `migrate:city`. Two owners would undo
/// each other's work, so anybody else's is an error.
pub fn ours(aws: &Aws, call: &str, name: &str, owner: Option<&str>) -> CloudResult<()> {
    if owner == Some(&aws.city) {
        return Ok(());
    }
    Err(not_ours(aws, call, name, owner))
}

/// The error for what is called `name` and belongs to `owner`. Its last word is what `import` takes.
pub fn not_ours(aws: &Aws, call: &str, name: &str, owner: Option<&str>) -> CloudError {
    let whose = owner.map_or_else(|| "to nobody (it isn't tagged)".to_owned(), |city| format!("to {city}"));
    CloudError {
        class: ErrorClass::AlreadyExists,
        call: call.into(),
        code: NOT_OURS.into(),
        message: format!("what has the name that {} needs belongs {whose}: {name}", aws.city),
    }
}

/// `malmo-subnet.public-a` for `vpc/subnet.public-a`: for people; nothing is found by it.
fn name(aws: &Aws, address: &str) -> String {
    format!("{}-{}", aws.city, address.rsplit('/').next().unwrap_or(address))
}
