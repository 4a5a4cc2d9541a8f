//! What is there in an account: resources as AWS keeps them, with its rules about repetition, visibility and use.

use super::dice::Dice;
use crate::engine::cloud::{Observed, Order, Readiness, Sought};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::rates::{Bucket, limit_of};
use crate::engine::{CloudError, CloudResult, ErrorClass};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// Everything in an account.
#[derive(Clone, Default)]
pub struct Account {
    things: BTreeMap<u64, Thing>,
    made: u64,
    buckets: BTreeMap<&'static str, Bucket>,
    /// How many calls were turned away because there were too many.
    pub turned_away: usize,
}

/// One resource.
#[derive(Clone)]
pub struct Thing {
    /// The city whose tags it bears.
    pub city: String,
    /// The address in its tag.
    pub address: String,
    /// Its kind.
    pub kind: &'static KindInfo,
    /// Its properties.
    pub props: Value,
    token: String,
    uses: BTreeSet<u64>,
    /// When reads and other calls know of it.
    shows_at: Option<Instant>,
    ready_at: Option<Instant>,
    gone_at: Option<Instant>,
    revision: u64,
}

fn error(class: ErrorClass, code: &str, message: String) -> CloudError {
    CloudError { class, call: "memory".into(), code: code.into(), message }
}

fn past(at: Option<Instant>) -> bool {
    at.is_none_or(|at| at <= Instant::now())
}

impl Account {
    /// What has been deleted long enough goes.
    pub fn tidy(&mut self) {
        self.things.retain(|_, thing| thing.gone_at.is_none() || !past(thing.gone_at));
    }

    /// What is there and isn't being deleted.
    pub fn things(&self) -> impl Iterator<Item = (u64, &Thing)> {
        self.things.iter().filter(|(_, thing)| thing.gone_at.is_none()).map(|(number, thing)| (*number, thing))
    }

    /// The same, to be changed behind everybody's back.
    pub fn things_mut(&mut self) -> impl Iterator<Item = (u64, &mut Thing)> {
        self.things.iter_mut().map(|(number, thing)| (*number, thing))
    }

    /// Deletes things behind everybody's back.
    pub fn remove(&mut self, which: impl Fn(&Thing) -> bool) {
        self.things.retain(|_, thing| !which(thing));
    }

    /// Long afterwards: everything shows, is ready, or is gone.
    pub fn long_afterwards(&mut self) {
        self.things.retain(|_, thing| thing.gone_at.is_none());
        for thing in self.things.values_mut() {
            (thing.shows_at, thing.ready_at) = (None, None);
        }
        self.buckets.clear();
    }

    /// Counts a call against the account's rates.
    pub fn admit(&mut self, service: &str, operation: &str) -> CloudResult<()> {
        let Some(limit) = limit_of(service, operation, false) else { return Ok(()) };
        let bucket = self.buckets.entry(limit.name).or_insert_with(|| Bucket::full(limit.burst));
        if bucket.take(limit.burst, limit.refill) {
            return Ok(());
        }
        self.turned_away += 1;
        let code = if service == "ec2" { "RequestLimitExceeded" } else { "ThrottlingException" };
        Err(CloudError {
            class: ErrorClass::Throttled,
            call: format!("{service}:{operation}"),
            code: code.into(),
            message: "rate exceeded".into(),
        })
    }

    /// Makes it, or answers as AWS does to a repeated call.
    pub fn create(
        &mut self,
        city: &str,
        kind: &'static KindInfo,
        order: &Order,
        delay: Duration,
    ) -> CloudResult<Value> {
        let uses = self.uses(&order.props)?;
        let token = if kind.identity == Identity::Token { order.token.clone() } else { String::new() };
        let mut alike = self.things.iter().filter(|(_, t)| t.kind.name == kind.name);
        let there = match kind.identity {
            Identity::Token => alike.find(|(_, t)| t.token == token),
            Identity::Taken(keys) | Identity::Same(keys) => {
                alike.find(|(_, t)| keys.iter().all(|key| t.props[*key] == order.props[*key]))
            }
            Identity::Mark { .. } => None,
        };
        if let Some((number, thing)) = there {
            let same = thing.gone_at.is_none() && thing.props == order.props;
            return match kind.identity {
                Identity::Token | Identity::Same(_) if same => Ok(thing.outputs(*number)),
                Identity::Token => {
                    Err(error(ErrorClass::Other, "IdempotentParameterMismatch", format!("{} differs", order.address)))
                }
                _ => Err(error(ErrorClass::AlreadyExists, "AlreadyExists", format!("{} is there", order.address))),
            };
        }
        self.made += 1;
        let now = Instant::now();
        let thing = Thing {
            city: city.into(),
            address: order.address.to_string(),
            kind,
            props: order.props.clone(),
            token,
            uses,
            shows_at: Some(now + delay),
            ready_at: kind.settles.then(|| now + Duration::from_secs(kind.create.typical.into())),
            gone_at: None,
            revision: 1,
        };
        let answer = thing.outputs(self.made);
        self.things.insert(self.made, thing);
        Ok(answer)
    }

    /// Changes it.
    pub fn update(&mut self, order: &Order) -> CloudResult<Value> {
        let uses = self.uses(&order.props)?;
        let number = number(&order.outputs);
        let thing = self.shown(number)?;
        thing.props = order.props.clone();
        thing.uses = uses;
        thing.revision += 1;
        if thing.kind.settles {
            thing.ready_at = Some(Instant::now() + Duration::from_secs(thing.kind.update.typical.into()));
        }
        Ok(thing.outputs(number))
    }

    /// Deletes it, unless it is in use or still being made.
    pub fn delete(&mut self, order: &Order) -> CloudResult<()> {
        let number = number(&order.outputs);
        let users = |t: &&Thing| t.gone_at.is_none() && t.uses.contains(&number);
        let user = self.things.values().find(users).map(|user| user.address.clone());
        let thing = self.shown(number)?;
        if let Some(user) = user {
            return Err(error(ErrorClass::Dependency, "DependencyViolation", format!("{user} uses it")));
        }
        if !past(thing.ready_at) {
            return Err(error(ErrorClass::Dependency, "InvalidState", format!("{} is being made", thing.address)));
        }
        let seconds = if thing.kind.vanishes { thing.kind.delete.typical } else { 0 };
        thing.gone_at = thing.gone_at.or(Some(Instant::now() + Duration::from_secs(seconds.into())));
        self.tidy();
        Ok(())
    }

    /// Finds it: by its recorded id, else by its tags, or, where a name tells it, by that.
    pub fn read(&self, city: &str, sought: &Sought) -> Option<Observed> {
        let by_id = sought.outputs.as_ref().and_then(|outputs| self.things.get_key_value(&number(outputs)));
        let ours = |t: &Thing| t.kind.name == sought.kind && t.city == city && t.address == sought.address.as_str();
        let by_mark = || self.things.iter().find(|(_, t)| ours(t) && past(t.shows_at) && t.has_names_of(&sought.props));
        let (number, thing) = by_id.or_else(by_mark).filter(|(_, thing)| past(thing.shows_at))?;
        let readiness = match thing.gone_at {
            Some(_) => Readiness::Pending("deleting".into()),
            None if past(thing.ready_at) => Readiness::Ready,
            None => Readiness::Pending("creating".into()),
        };
        Some(Observed { props: thing.props.clone(), outputs: thing.outputs(*number), readiness })
    }

    fn shown(&mut self, number: u64) -> CloudResult<&mut Thing> {
        let thing = self.things.get_mut(&number).filter(|thing| past(thing.shows_at));
        thing.ok_or_else(|| error(ErrorClass::NotFound, "NotFound", format!("no {number}")))
    }

    /// What the properties refer to; all of it must be there and show.
    fn uses(&mut self, props: &Value) -> CloudResult<BTreeSet<u64>> {
        let mut found = BTreeSet::new();
        numbers(props, &mut found);
        for number in &found {
            if self.shown(*number)?.gone_at.is_some() {
                return Err(error(ErrorClass::NotFound, "NotFound", format!("{number} is being deleted")));
            }
        }
        Ok(found)
    }
}

impl Thing {
    /// Ids carry the thing's number between tildes, so that uses can be found; names are the properties'.
    pub fn outputs(&self, number: u64) -> Value {
        let mut fields = Map::new();
        let name = ["name", "identifier"].iter().find_map(|key| self.props.get(key)).and_then(Value::as_str);
        for field in fields_of(self.kind.name) {
            let value = match (*field, name) {
                ("name" | "identifier", Some(name)) => json!(name),
                ("port", _) => json!(5432),
                ("records", _) => json!({ "_proof.example": format!("_proof~{number}~") }),
                (field, _) if self.kind.volatile.contains(&field) => {
                    json!(format!("{field}~{number}~{}", self.revision))
                }
                (field, _) => json!(format!("{field}~{number}~")),
            };
            fields.insert((*field).into(), value);
        }
        fields.into()
    }

    /// What has a name is found by it: a replacement that comes first bears the same address and another name.
    fn has_names_of(&self, props: &Value) -> bool {
        match self.kind.identity {
            Identity::Same(keys) => {
                keys.iter().all(|key| props[*key] == self.props[*key] || props[*key].get("$ref").is_some())
            }
            _ => true,
        }
    }
}

fn fields_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "ec2:address" => &["id", "allocation_id", "public_ip"],
        "ec2:launch-template" => &["id", "version"],
        "acm:certificate" => &["id", "arn", "records"],
        "elb:load-balancer" => &["id", "arn", "dns_name", "zone_id", "full_name"],
        "elb:target-group" => &["id", "arn", "full_name"],
        "rds:instance" => &["id", "arn", "identifier", "address", "port", "secret_arn"],
        "route53:validation-records" => &["id", "certificate"],
        _ => &["id", "arn", "name"],
    }
}

/// The number in the outputs.
pub fn number(outputs: &Value) -> u64 {
    let mut found = BTreeSet::new();
    numbers(&outputs["id"], &mut found);
    found.first().copied().unwrap_or(u64::MAX)
}

fn numbers(value: &Value, found: &mut BTreeSet<u64>) {
    match value {
        Value::String(text) if text.contains('~') => {
            found.extend(text.split('~').skip(1).step_by(2).filter_map(|digits| digits.parse::<u64>().ok()));
        }
        Value::Array(items) => items.iter().for_each(|item| numbers(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| numbers(field, found)),
        _ => {}
    }
}

/// How long something takes to show: mostly no time, sometimes seconds, rarely minutes.
pub fn delay(dice: Dice, moment: u64) -> Duration {
    let milliseconds = dice.throw(moment, 1_000_000);
    Duration::from_millis(match dice.throw(moment + 1_000_000, 20) {
        0..=13 => 0,
        14..=18 => milliseconds % 20_000,
        _ => milliseconds % 240_000,
    })
}
