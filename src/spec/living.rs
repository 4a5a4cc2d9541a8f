//! What can't be changed on a city that stands: what its servers, its data or its state hang on. Each change is told where it was made,
//! with the way that there is.

use super::{CitySpec, Finding, Nat};

/// How much of a city stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its network, and with it perhaps all the rest.
    pub network: bool,
    /// Its database.
    pub database: bool,
    /// Data that was copied from today's database.
    pub data: bool,
}

/// What of `new` can't be made from a city that stands as `old` says.
pub fn changes(old: &CitySpec, new: &CitySpec, standing: Standing) -> Vec<Finding> {
    let mut out = Vec::new();
    if standing.network {
        place(old, new, &mut out);
        network(old, new, &mut out);
    }
    if standing.database {
        database(old, new, &mut out);
    }
    if standing.data {
        source(old, new, &mut out);
    }
    out
}

fn back(value: impl std::fmt::Display) -> String {
    format!("put `{value}` back")
}

/// Where it is: its state, its tags and its names are there.
fn place(old: &CitySpec, new: &CitySpec, out: &mut Vec<Finding>) {
    let moves =
        [("account", old.account.as_str(), new.account.as_str()), ("region", old.region.as_str(), new.region.as_str())];
    for (field, before, now) in moves.into_iter().filter(|(_, before, now)| before != now) {
        let message = format!("the city stands in {field} {before}: it can't move to {now}");
        out.push(Finding::at(field, message).help(format!(
            "{}; to live elsewhere it is destroyed here (its traffic goes back to the legacy side first) and applied there",
            back(before)
        )));
    }
}

fn network(old: &CitySpec, new: &CitySpec, out: &mut Vec<Finding>) {
    let (before, now) = (&old.network, &new.network);
    if before.cidr != now.cidr {
        let message =
            format!("the network stands with `{}`: everything is in it, and it can't get `{}`", before.cidr, now.cidr);
        out.push(Finding::at("network.cidr", message).help(format!(
            "{}; for other addresses the city is destroyed (its traffic goes back to the legacy side first) and applied anew",
            back(before.cidr)
        )));
    }
    for gone in before.zones.iter().filter(|zone| !now.zones.contains(zone)) {
        let message =
            format!("zone `{gone}` is in use: its subnets hold the load balancer, instances and the database");
        let help = format!("{} to the list; zones can be added, and none taken away", back(gone));
        out.push(Finding::at("network.zones", message).help(help));
    }
    let (first, other) = (before.zones.first(), now.zones.first());
    if now.nat == Nat::One
        && before.nat == Nat::One
        && first != other
        && first.is_some_and(|zone| now.zones.contains(zone))
    {
        let zone = first.map(ToString::to_string).unwrap_or_default();
        let message = format!("the city's one NAT gateway stands in zone `{zone}`, which is no longer the first");
        let help = format!("put `{zone}` first again, or let every zone have its own: nat: per_zone");
        out.push(Finding::at("network.zones[0]", message).and("network.nat").help(help));
    }
}

fn database(old: &CitySpec, new: &CitySpec, out: &mut Vec<Finding>) {
    let (before, now) = (&old.database, &new.database);
    if old.engine() != new.engine() {
        let field = if now.engine.is_some() { "database.engine" } else { "legacy.database.engine" };
        let message = format!("the database is {}: RDS can't make {} of it", old.engine().name(), new.engine().name());
        out.push(Finding::at(field, message).help(back(old.engine().name())));
    } else if now.version.numbers() < before.version.numbers() {
        let message = format!("the database has version {}: RDS can't take it back to {}", before.version, now.version);
        let help = format!("{}; a restored snapshot is the only way to an older one", back(&before.version));
        out.push(Finding::at("database.version", message).help(help));
    }
    if now.storage < before.storage {
        let message = format!("the database has {} GiB: RDS can't shrink it to {}", before.storage, now.storage);
        out.push(Finding::at("database.storage", message).help(format!("{} or more", back(before.storage))));
    } else if now.max_storage() < before.storage {
        let message =
            format!("the database has {} GiB already: it can't be kept below {}", before.storage, now.max_storage());
        out.push(Finding::at("database.max_storage", message).help("leave it out for twice the storage"));
    }
    if old.database_name() != new.database_name() {
        let field = if now.name.is_some() { "database.name" } else { "legacy.database.name" };
        let message = format!("the database is called `{}`: RDS can't rename it", old.database_name());
        out.push(Finding::at(field, message).help(format!("put database.name: {} back", old.database_name())));
    }
}

/// Today's database: what was copied is its, and what follows it follows it.
fn source(old: &CitySpec, new: &CitySpec, out: &mut Vec<Finding>) {
    let (before, now) = (&old.legacy.database, &new.legacy.database);
    let fields = [
        ("endpoint", before.endpoint.to_string(), now.endpoint.to_string()),
        ("name", before.name.to_string(), now.name.to_string()),
        ("engine", before.engine.name().to_owned(), now.engine.name().to_owned()),
    ];
    for (field, before, now) in fields.into_iter().filter(|(_, before, now)| before != now) {
        let message = format!("the data was copied from `{before}` and follows it: it can't come from `{now}` now");
        out.push(Finding::at(format!("legacy.database.{field}"), message).help(back(before)));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::spec::Engine;
    use crate::spec::testing::city_with;

    const ALL: Standing = Standing { network: true, database: true, data: true };

    /// The fields that are told, where Malmö stands and is changed.
    fn told(standing: Standing, change: impl FnOnce(&mut CitySpec)) -> Vec<String> {
        let found = changes(&city_with(|_| ()), &city_with(change), standing);
        assert!(found.iter().all(|finding| finding.help.is_some()), "there is a way: {found:?}");
        found.into_iter().map(|finding| finding.fields[0].clone()).collect()
    }

    fn zones(text: &str) -> Vec<crate::spec::form::ZoneLetter> {
        text.chars().map(|letter| letter.to_string().parse().unwrap()).collect()
    }

    #[test]
    fn what_hangs_on_a_living_city_is_told_at_its_place() {
        type Case = (&'static [&'static str], fn(&mut CitySpec));
        let cases: &[Case] = &[
            (&["account"], |s| s.account = "999999999999".parse().unwrap()),
            (&["region"], |s| s.region = "eu-west-1".parse().unwrap()),
            (&["network.cidr"], |s| s.network.cidr = "10.50.0.0/16".parse().unwrap()),
            (&["network.zones"], |s| s.network.zones = zones("ac")),
            (&["network.zones"], |s| s.network.zones = zones("bc")),
            (&["network.zones[0]"], |s| s.network.zones = zones("ba")),
            (&["network.zones[0]"], |s| s.network.zones = zones("cab")),
            (&["database.engine", "legacy.database.engine"], |s| {
                (s.database.engine, s.legacy.database.engine) = (Some(Engine::Mysql), Engine::Mysql);
            }),
            (&["database.version"], |s| s.database.version = "16.4".parse().unwrap()),
            (&["database.version"], |s| s.database.version = "15.12".parse().unwrap()),
            (&["database.storage"], |s| s.database.storage = 40),
            (&["database.max_storage"], |s| s.database.max_storage = Some(30)),
            (&["database.name"], |s| s.database.name = Some("rides".parse().unwrap())),
            (&["legacy.database.name", "legacy.database.name"], |s| s.legacy.database.name = "rides".parse().unwrap()),
            (&["legacy.database.endpoint"], |s| s.legacy.database.endpoint = "10.40.2.21:5432".parse().unwrap()),
        ];
        for (fields, change) in cases {
            assert_eq!(told(ALL, change), *fields);
            assert_eq!(told(Standing::default(), change), [""; 0], "nothing stands yet");
        }
    }

    #[test]
    fn what_can_be_changed_is_not_told() {
        let changes: &[fn(&mut CitySpec)] = &[
            |_| (),
            |s| s.network.zones = zones("abc"),
            |s| s.network.nat = Nat::PerZone,
            |s| (s.network.nat, s.network.zones) = (Nat::PerZone, zones("ba")),
            |s| s.database.version = "17.2".parse().unwrap(),
            |s| (s.database.storage, s.database.max_storage) = (60, Some(80)),
            |s| s.database.class = "db.t4g.large".parse().unwrap(),
            |s| s.database.name = Some("bikes".parse().unwrap()),
            |s| s.legacy.records.truncate(1),
            |s| s.capacity.max = 7,
        ];
        for change in changes {
            assert_eq!(told(ALL, change), [""; 0]);
        }
        let copied = |s: &mut CitySpec| s.legacy.database.endpoint = "10.40.2.21:5432".parse().unwrap();
        assert_eq!(told(Standing { data: false, ..ALL }, copied), [""; 0], "nothing was copied yet");
    }
}
