//! Folders and files: which cities there are, and what can't be one.

use std::path::Path;

use crate::spec::{
    Engine, Nat, load,
    testing::{cities, malmo},
};

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap_or_else(|error| panic!("{error}"));
    }
    folder
}

/// The messages and remedies about one city.
fn complaints(folder: &Path, name: &str) -> Vec<(String, Option<String>)> {
    let problems = load(folder, &[name.to_owned()]).err().unwrap_or_default();
    problems.0.into_iter().map(|problem| (problem.message, problem.help)).collect()
}

#[test]
fn the_three_cities_are_valid_and_differ() {
    let all = load(&cities(), &[]).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    let names: Vec<&str> = all.iter().map(|city| city.name.as_str()).collect();
    assert_eq!(names, ["antwerp", "drammen", "malmo"]);
    let [antwerp, drammen, malmo] = &all[..] else { panic!("three cities") };
    assert_eq!((antwerp.spec.services.len(), malmo.spec.services.len()), (2, 1));
    assert_eq!((drammen.spec.engine(), malmo.spec.engine()), (Engine::Mysql, Engine::Postgres));
    assert_eq!((antwerp.spec.network.nat, malmo.spec.network.nat), (Nat::PerZone, Nat::One));
    assert_eq!(antwerp.spec.zone_names(), ["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
    assert_eq!(antwerp.spec.services.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["api", "web"]);
    assert_eq!(drammen.spec.capacity.instances[0].data().architecture.name(), "arm64");
}

#[test]
fn defaults_are_filled_in() {
    let spec = malmo().spec;
    assert_eq!((spec.budget.interruption.0, spec.budget.recovery.0, spec.budget.monthly_cost.0), (30, 300, 10));
    assert_eq!((spec.cutover.steps.as_slice(), spec.cutover.bake.0), ([5, 25, 100].as_slice(), 60));
    assert_eq!(
        (spec.database.max_storage(), spec.database.backup_days, spec.database_name().as_str()),
        (100, 14, "bikes")
    );
    let web =
        spec.services.get("web").map(|web| (web.min, web.user.to_string(), web.read_only_root, web.health_command()));
    let command = vec!["CMD-SHELL".to_owned(), "curl -f http://localhost:8080/healthz || exit 1".to_owned()];
    assert_eq!(web, Some((2, "1000:1000".to_owned(), true, command)));
}

#[test]
fn a_city_that_is_not_there() {
    let found = complaints(&cities(), "malmø");
    assert!(
        found[0].0.starts_with("no city `malmø`: ") && found[0].0.ends_with("has antwerp, drammen, malmo"),
        "{found:?}"
    );
    assert_eq!(found[0].1.as_deref(), Some("did you mean `malmo`?"));
    let empty = folder(&[]);
    assert_eq!(complaints(empty.path(), "malmo")[0].1.as_deref(), Some("make it: migrate init malmo"));
    assert!(
        load(empty.path(), &[]).is_err_and(|problems| problems.to_string().ends_with("the folder has no city files"))
    );
    assert!(complaints(&empty.path().join("nowhere"), "malmo")[0].0.starts_with("the folder can't be read"));
}

#[test]
fn what_can_not_be_a_city_file() {
    let folder = folder(&[
        ("empty.yaml", b" \n"),
        ("comment.yaml", b"# nothing yet\n"),
        ("latin.yaml", b"account: x\nregion: Malm\xf6\n"),
        ("Oslo.yaml", b"a: 1\n"),
        ("bergen.yml", b"a: 1\n"),
        ("text.yaml", b"just a text\n"),
        ("two.yaml", b"a: 1\n---\nb: 2\n"),
    ]);
    assert!(std::fs::create_dir(folder.path().join("folder.yaml")).is_ok());
    let first =
        |name: &str| complaints(folder.path(), name).into_iter().map(|(message, _)| message).next().unwrap_or_default();
    assert_eq!(first("empty"), "the file is empty");
    assert_eq!(first("comment"), "the file is empty");
    assert_eq!(first("latin"), "the file is not UTF-8 text: line 2 has an invalid byte");
    assert_eq!(first("folder"), "this is not a file");
    assert_eq!(first("Oslo"), "`Oslo` can't be the name of a city");
    assert_eq!(first("bergen"), "the name of a city file ends in .yaml");
    assert_eq!(first("text"), "expected a section with fields of its own, found the text `just a text`");
    assert_eq!(first("two"), "a file holds one city: there is a second document");
}

/// A city of its own, made of Malmö's file.
fn lund() -> String {
    let text = std::fs::read_to_string(cities().join("malmo.yaml")).unwrap_or_default();
    [("malmo", "lund"), ("10.41.", "10.42."), ("10.40.", "10.43."), ("198.51.100.", "203.0.113.")]
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}

#[test]
fn two_cities_can_not_share_addresses() {
    let text = std::fs::read_to_string(cities().join("malmo.yaml")).unwrap_or_default();
    let overlapping = lund().replace("10.42.0.0/16", "10.41.128.0/17");
    let elsewhere = lund().replace("lund", "paris").replace("203.0", "192.0").replace("10.42.0.0/16", "10.41.0.0/16");
    let folder = folder(&[
        ("malmo.yaml", text.as_bytes()),
        ("lund.yaml", overlapping.as_bytes()),
        ("paris.yaml", elsewhere.replace("eu-north-1", "eu-west-3").as_bytes()),
    ]);
    let found = complaints(folder.path(), "malmo");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "`10.41.0.0/16` overlaps `10.41.128.0/17` of `lund` in the same account and region");
    assert_eq!(found[0].1.as_deref(), Some("`10.0.0.0/16` is free"));
    assert!(complaints(folder.path(), "paris").is_empty(), "{:?}", complaints(folder.path(), "paris"));
}

#[test]
fn two_cities_can_not_share_what_users_data_and_servers_hang_on() {
    let text = std::fs::read_to_string(cities().join("malmo.yaml")).unwrap_or_default();
    let told = |other: &str| {
        let folder = folder(&[("malmo.yaml", text.as_bytes()), ("lund.yaml", other.as_bytes())]);
        let of = |name: &str| load(folder.path(), &[name.to_owned()]).err().unwrap_or_default().0;
        // Both files are told, each at its place.
        let fields: Vec<String> = of("malmo").into_iter().filter_map(|problem| problem.field).collect();
        let theirs: Vec<String> = of("lund").into_iter().filter_map(|problem| problem.field).collect();
        assert_eq!(fields.len(), theirs.len(), "{fields:?} {theirs:?}");
        fields
    };
    assert_eq!(told(&lund()), [""; 0]);
    let cases: &[(&str, &str, &[&str])] = &[
        ("203.0.113.11", "198.51.100.11", &["legacy.addresses[1]"]),
        ("10.43.1.10", "10.40.1.10", &["legacy.targets[0]"]),
        ("10.43.2.20", "10.40.2.20", &["legacy.database.endpoint"]),
        ("Name: lund-web", "Name: malmo-web", &["legacy.instances.tags"]),
        // A zone of that name is everybody's; the records in it aren't.
        (
            "lundbybike.example",
            "malmobybike.example",
            &["legacy.records[0]", "legacy.records[1]", "services.web.hosts[0]", "services.web.hosts[1]"],
        ),
    ];
    for (from, to, fields) in cases {
        assert!(lund().contains(from), "{from}");
        assert_eq!(told(&lund().replace(from, to)), *fields, "{to}");
        // Private addresses and tags of another region are other servers; names and public addresses are the same everywhere.
        let afar = lund().replace(from, to).replace("eu-north-1", "eu-west-3");
        let same = !to.starts_with("10.") && !to.starts_with("Name");
        assert_eq!(told(&afar), if same { *fields } else { &[] }, "{to} in another region");
    }
    // Another database of the same server is another database.
    let second = lund().replace("10.43.2.20", "10.40.2.20").replace("name: bikes", "name: trams");
    assert_eq!(told(&second), [""; 0]);
    // What stands in for a mistake in the other file is nobody's.
    let broken =
        lund().replace("account: \"123456789012\"", "account: x").replace("lundbybike.example, api", "- , api");
    let folder = folder(&[("malmo.yaml", text.as_bytes()), ("lund.yaml", broken.as_bytes())]);
    assert!(complaints(folder.path(), "malmo").is_empty(), "{:?}", complaints(folder.path(), "malmo"));
}
