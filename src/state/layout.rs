//! The keys within the state bucket.

/// Name of the state bucket of an account and region, unless the operator names another one.
pub fn bucket(account: &str, region: &str) -> String {
    format!("migrate-state-{account}-{region}")
}

/// The state of a city.
pub fn state(city: &str) -> String {
    format!("cities/{city}/state.json")
}

/// One state that was written before.
pub fn history(city: &str, serial: u64) -> String {
    format!("cities/{city}/history/{serial:08}.json")
}

/// The serial of a key of the history.
pub fn serial(key: &str) -> Option<u64> {
    key.rsplit('/').next()?.strip_suffix(".json")?.parse().ok()
}

/// Where a state that can't be used is kept when another takes its place.
pub fn aside(city: &str, now: jiff::Timestamp) -> String {
    format!("cities/{city}/aside/{now:.0}.json")
}

/// All states that were written before.
pub fn history_prefix(city: &str) -> String {
    format!("cities/{city}/history/")
}

/// The lock of a city.
pub fn lock(city: &str) -> String {
    format!("cities/{city}/lock.json")
}

/// The prefix of all cities.
pub const CITIES: &str = "cities/";
