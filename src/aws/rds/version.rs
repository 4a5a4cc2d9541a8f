//! Engine versions: which part is the major version, and what AWS may raise by itself.

/// The numbers of a version; what follows a hyphen (`12.22-rds.20250508`) is left out.
fn numbers(version: &str) -> Vec<u32> {
    let plain = version.split('-').next().unwrap_or_default();
    plain.split('.').map_while(|number| number.parse().ok()).collect()
}

/// The major version: `16` for PostgreSQL, `8.4` for MySQL.
pub fn major(engine: &str, version: &str) -> String {
    let length = if engine == "mysql" { 2 } else { 1 };
    let numbers: Vec<_> = numbers(version).iter().take(length).map(u32::to_string).collect();
    numbers.join(".")
}

/// The observed version as far as it is to be compared with the wanted one: a newer minor version of the same major version is one
/// that AWS has upgraded to by itself, and isn't compared.
pub fn compared(engine: &str, observed: &str, wanted: Option<&str>) -> Option<String> {
    let raised = wanted
        .is_some_and(|wanted| major(engine, observed) == major(engine, wanted) && numbers(observed) > numbers(wanted));
    (!raised).then(|| observed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_automatic_minor_upgrade_is_no_drift() {
        assert_eq!(compared("postgres", "16.10", Some("16.8")), None);
        assert_eq!(compared("postgres", "16.8", Some("16.8")).as_deref(), Some("16.8"));
        assert_eq!(compared("postgres", "16.8", Some("16.10")).as_deref(), Some("16.8"));
        assert_eq!(compared("postgres", "17.1", Some("16.8")).as_deref(), Some("17.1"));
        assert_eq!(compared("mysql", "8.0.43", Some("8.0.42")), None);
        assert_eq!(compared("mysql", "8.4.5", Some("8.0.42")).as_deref(), Some("8.4.5"));
        assert_eq!(compared("postgres", "16.9-rds.20250508", Some("16.8")), None);
        assert_eq!((major("mysql", "8.4.5"), major("postgres", "16.8")), ("8.4".into(), "16".into()));
    }
}
