//! The file that a new city begins with.

/// A commented city file for a city of that name: valid as it stands, with example values to replace.
pub fn template(name: &str) -> String {
    include_str!("init.yaml").replace("CITY", name)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::spec::{check_name, load};

    #[test]
    fn the_template_is_a_valid_city() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["gothenburg", "a"] {
            assert!(check_name(name).is_ok());
            std::fs::write(folder.path().join(format!("{name}.yaml")), template(name)).unwrap();
            let cities = load(folder.path(), &[name.to_owned()]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
            assert_eq!(cities[0].name, name);
            std::fs::remove_file(folder.path().join(format!("{name}.yaml"))).unwrap();
        }
    }
}
