//! How long a plan takes: the critical path over its graph, with the latencies of the kinds.

use super::cloud::Cloud;
use super::graph::{Half, Node, finish_times, nodes};
use super::kind::{KindInfo, Latency};
use super::plan::{Action, Change, Plan};
use serde::Serialize;
use std::collections::BTreeMap;

/// Seconds: low, typical, high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seconds {
    /// If everything is as fast as it was ever seen.
    pub low: u32,
    /// What to expect.
    pub typical: u32,
    /// If everything is as slow as it was ever seen.
    pub high: u32,
}

/// How long a plan takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Estimate {
    /// From the start until everything is done.
    pub total: Seconds,
    /// For each phase, from its first change to its last.
    pub phases: BTreeMap<String, Seconds>,
    /// The addresses on the longest path, in order.
    pub critical_path: Vec<String>,
}

/// Estimates `plan`.
pub fn estimate(plan: &Plan, cloud: &dyn Cloud) -> Estimate {
    let nodes = nodes(&plan.changes);
    let by = |pick: fn(&Latency) -> u32| {
        let seconds = |node: &Node| latency(&plan.changes[node.change], node.half, cloud).map_or(0, |l| pick(&l));
        let finish = finish_times(&nodes, seconds);
        let start: Vec<u32> = nodes.iter().zip(&finish).map(|(node, end)| end - seconds(node)).collect();
        (start, finish)
    };
    let (low, typical, high) = (by(|l| l.low), by(|l| l.typical), by(|l| l.high));
    let last = |times: &(Vec<u32>, Vec<u32>)| times.1.iter().copied().max().unwrap_or(0);
    let mut phases = BTreeMap::new();
    for node in &nodes {
        let phase = plan.changes[node.change].address.phase();
        let span = |(start, finish): &(Vec<u32>, Vec<u32>)| {
            let mine = || {
                nodes
                    .iter()
                    .enumerate()
                    .filter(|(_, n)| plan.changes[n.change].address.phase() == phase)
                    .map(|(i, _)| i)
            };
            mine().map(|i| finish[i]).max().unwrap_or(0) - mine().map(|i| start[i]).min().unwrap_or(0)
        };
        phases.entry(phase.to_owned()).or_insert_with(|| Seconds {
            low: span(&low),
            typical: span(&typical),
            high: span(&high),
        });
    }
    Estimate {
        total: Seconds { low: last(&low), typical: last(&typical), high: last(&high) },
        phases,
        critical_path: critical_path(&plan.changes, &nodes, &typical),
    }
}

/// How long one half of a change takes; `None` where nothing happens at AWS.
pub fn latency(change: &Change, half: Half, cloud: &dyn Cloud) -> Option<Latency> {
    let info: &KindInfo = cloud.info(&change.kind)?;
    match (change.action, half) {
        (Action::Adopt | Action::Forget, _) => None,
        (Action::Update, Half::Make) => Some(info.update),
        (_, Half::Make) => Some(info.create.and((info.lasts)(&change.props))),
        (_, Half::Remove) => Some(info.delete),
    }
}

fn critical_path(changes: &[Change], nodes: &[Node], (start, finish): &(Vec<u32>, Vec<u32>)) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = (0..nodes.len()).max_by_key(|i| finish[*i]);
    while let Some(index) = at {
        if finish[index] > start[index] {
            path.push(changes[nodes[index].change].address.to_string());
        }
        at = nodes[index].after.iter().copied().find(|before| finish[*before] == start[index]);
    }
    path.reverse();
    path
}
