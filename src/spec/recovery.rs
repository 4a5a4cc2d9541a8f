//! How long a city takes to recover by itself, term by term, before anything is built.
//!
//! A scenario counts if it can take the website down: the tasks of a service fail, an instance is lost, the database fails over.
//! Each sum is until users are served again, not until full strength, and takes the high end of a figure: it is a promise.
//! The loss of a zone is an instance loss and a database failover at the same time, so it is the longer of the two.
//!
//! Sources: `spec` is the city file; M measured, D documentation, E an estimate.

use serde::Serialize;

use super::{CitySpec, Service};

/// Multi-AZ failover takes 60 to 120 s (D).
const FAILOVER: u64 = 120;
/// Connection pools notice and connect anew (E).
const RECONNECT: u64 = 10;
/// ECS sees the failed check and places another task (E).
const SCHEDULE: u64 = 15;
/// The image is pulled where it isn't cached (E).
const PULL: u64 = 30;
/// EC2's status checks run every minute (D).
const STATUS_CHECK: u64 = 60;
/// From launch to registered in the cluster: 41 measured, up to 180 (E).
const LAUNCH: u64 = 180;

/// The scenarios of a city.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recovery {
    /// One a service for its tasks, one for an instance, one for the database.
    pub scenarios: Vec<Scenario>,
}

/// An outage, and what has to happen until users are served again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scenario {
    /// What happens.
    pub name: String,
    /// The field of the city file that bears on it most.
    pub field: String,
    /// What follows, one after the other.
    pub terms: Vec<Term>,
}

/// A part of a recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// What is waited for.
    pub what: String,
    /// How long at most.
    pub seconds: u64,
    /// Where the figure is from: `spec`, `M`, `D` or `E`.
    pub source: &'static str,
}

impl Scenario {
    /// The sum of the terms, in seconds.
    pub fn seconds(&self) -> u64 {
        self.terms.iter().map(|term| term.seconds).sum()
    }

    /// The sum as a text: `10 s unhealthy after 2 checks every 5s (spec) + … = 85 s`.
    pub fn sum(&self) -> String {
        let terms: Vec<String> = self.terms.iter().map(|t| format!("{} s {} ({})", t.seconds, t.what, t.source)).collect();
        format!("{} = {} s", terms.join(" + "), self.seconds())
    }
}

/// The recovery of a city.
pub fn recovery(spec: &CitySpec) -> Recovery {
    let mut scenarios: Vec<Scenario> = spec.services.iter().map(|(name, service)| tasks_fail(name, service)).collect();
    let slowest = spec.services.iter().max_by_key(|(name, service)| tasks_fail(name, service).seconds());
    if let Some((name, service)) = slowest {
        scenarios.push(instance_is_lost(spec, name, service));
        scenarios.push(database_fails_over(name, service));
    }
    Recovery { scenarios }
}

fn term(what: impl Into<String>, seconds: u64, source: &'static str) -> Term {
    Term { what: what.into(), seconds, source }
}

fn checks(what: &str, service: &Service) -> Term {
    let health = &service.health;
    let seconds = health.interval.0.saturating_mul(u64::from(health.threshold));
    term(format!("{what} after {} checks every {}", health.threshold, health.interval), seconds, "spec")
}

fn start(service: &Service) -> Term {
    term("container start", service.health.start.0, "spec")
}

fn tasks_fail(name: &str, service: &Service) -> Scenario {
    Scenario {
        name: format!("the tasks of `{name}` fail"),
        field: format!("services.{name}.health"),
        terms: vec![
            checks("unhealthy", service),
            term("a new task is placed", SCHEDULE, "E"),
            start(service),
            checks("target healthy", service),
        ],
    }
}

fn instance_is_lost(spec: &CitySpec, name: &str, service: &Service) -> Scenario {
    let detection = if others_have_room(spec) {
        vec![checks("unhealthy", service), term("new tasks are placed on the other instances", SCHEDULE, "E")]
    } else {
        vec![
            term("instance status check fails", STATUS_CHECK, "D"),
            term("another instance is launched and joins", LAUNCH, "E"),
            term("tasks are placed", SCHEDULE, "E"),
        ]
    };
    let serving = [term("image pull", PULL, "E"), start(service), checks("target healthy", service)];
    Scenario {
        name: format!("an instance is lost, with tasks of `{name}`"),
        field: "capacity.min".to_owned(),
        terms: detection.into_iter().chain(serving).collect(),
    }
}

fn database_fails_over(name: &str, service: &Service) -> Scenario {
    Scenario {
        name: "the database fails over".to_owned(),
        field: format!("services.{name}.health"),
        terms: vec![
            term("Multi-AZ failover", FAILOVER, "D"),
            term("services connect again", RECONNECT, "E"),
            checks("targets healthy", service),
        ],
    }
}

/// Whether the fewest tasks of all services fit the fewest instances less one.
fn others_have_room(spec: &CitySpec) -> bool {
    let tasks = |amount: fn(&Service) -> u32| spec.services.iter().map(|(_, s)| u64::from(s.min) * u64::from(amount(s))).sum::<u64>();
    let left = u64::from(spec.capacity.min.saturating_sub(1));
    spec.capacity.instances.iter().all(|kind| {
        let data = kind.data();
        tasks(|s| s.cpu) <= left * u64::from(data.cpu_units()) && tasks(|s| s.memory) <= left * u64::from(data.task_memory())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::testing::city_with;

    #[test]
    fn the_defaults_keep_five_minutes() {
        let recovery = recovery(&city_with(|_| ()));
        let sums: Vec<u64> = recovery.scenarios.iter().map(Scenario::seconds).collect();
        // 10 + 15 + 30 + 10; 10 + 15 + 30 + 30 + 10; 120 + 10 + 10.
        assert_eq!(sums, [65, 95, 140]);
        assert!(recovery.scenarios[0].sum().starts_with("10 s unhealthy after 2 checks every 5s (spec) + 15 s"));
        assert!(recovery.scenarios[0].sum().ends_with("= 65 s"));
    }

    #[test]
    fn without_room_on_the_others_a_launch_is_waited_for() {
        let recovery = recovery(&city_with(|spec| spec.capacity.min = 1));
        // 60 + 180 + 15 + 30 + 30 + 10.
        assert_eq!(recovery.scenarios[1].seconds(), 325);
    }
}
