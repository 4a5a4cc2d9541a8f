//! Cities for tests: Malmö's own file, with a change.

use std::path::{Path, PathBuf};

use super::{City, CitySpec, check::{self, Context}, finding::Finding, load};

/// The folder of the real city files.
pub fn cities() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cities")
}

/// Malmö as its file says.
pub fn malmo() -> City {
    load(&cities(), &["malmo".to_owned()]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100))).remove(0)
}

/// Malmö's spec with a change.
pub fn city_with(change: impl FnOnce(&mut CitySpec)) -> CitySpec {
    let mut spec = malmo().spec;
    change(&mut spec);
    spec
}

/// What the checks find in Malmö's spec with a change.
pub fn findings(change: impl FnOnce(&mut CitySpec)) -> Vec<Finding> {
    let spec = city_with(change);
    check::all(&Context { spec: &spec, neighbours: Vec::new() })
}
