//! What must come before what: from the references between resources, for making; from what was recorded, in reverse, for removing.

use super::kind::ReplaceOrder;
use super::plan::{Action, Change};
use super::{Address, CloudError, CloudResult, Desired};
use std::collections::{BTreeMap, BTreeSet};

/// `desired`, everything after what it depends on; otherwise in the given order.
///
/// # Errors
/// A resource that depends on one that isn't there, or on itself in a circle: a mistake in a phase.
pub fn ordered(desired: Vec<Desired>) -> CloudResult<Vec<Desired>> {
    let all: BTreeSet<Address> = desired.iter().map(|want| want.address.clone()).collect();
    if all.len() != desired.len() {
        return Err(CloudError::internal("two resources have the same address"));
    }
    for want in &desired {
        if let Some(missing) = want.dependencies().difference(&all).next() {
            return Err(CloudError::internal(format!("{} depends on {missing}, which no phase makes", want.address)));
        }
    }
    let mut done: BTreeSet<Address> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(desired.len());
    let mut rest = desired;
    while !rest.is_empty() {
        let before = sorted.len();
        let mut later = Vec::new();
        for want in rest {
            if want.dependencies().is_subset(&done) {
                done.insert(want.address.clone());
                sorted.push(want);
            } else {
                later.push(want);
            }
        }
        if sorted.len() == before {
            let names: Vec<_> = later.iter().map(|want| want.address.to_string()).collect();
            return Err(CloudError::internal(format!("these depend on each other: {}", names.join(", "))));
        }
        rest = later;
    }
    Ok(sorted)
}

/// One half of a change: a replacement has both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Half {
    /// Create, update, adopt, await.
    Make,
    /// Delete, forget.
    Remove,
}

/// A piece of work.
#[derive(Clone, Debug)]
pub struct Node {
    /// Index into the plan's changes.
    pub change: usize,
    /// Which half of it.
    pub half: Half,
    /// Indices of the nodes that must be done before.
    pub after: BTreeSet<usize>,
}

/// The pieces of work of a plan and their order.
pub fn nodes(changes: &[Change]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut makes: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut removes: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        if !matches!(change.action, Action::Delete | Action::Forget) {
            makes.insert(&change.address, nodes.len());
            nodes.push(Node { change: index, half: Half::Make, after: BTreeSet::new() });
        }
        if matches!(change.action, Action::Delete | Action::Forget | Action::Replace { .. }) {
            removes.insert(index, nodes.len());
            nodes.push(Node { change: index, half: Half::Remove, after: BTreeSet::new() });
        }
    }
    for (index, change) in changes.iter().enumerate() {
        let make = makes.get(&change.address).copied().filter(|_| !change.deposed);
        if let Some(make) = make.filter(|make| nodes[*make].change == index) {
            let before = change.depends_on.iter().filter_map(|address| makes.get(address));
            nodes[make].after.extend(before);
        }
        let Some(&remove) = removes.get(&index) else { continue };
        match change.action {
            Action::Replace { order: ReplaceOrder::DeleteFirst } => {
                if let Some(make) = make {
                    nodes[make].after.insert(remove);
                }
            }
            Action::Replace { order: ReplaceOrder::CreateFirst } => nodes[remove].after.extend(make),
            _ => {}
        }
        let users = changes
            .iter()
            .enumerate()
            .filter(|(other, user)| *other != index && user.depended_on.contains(&change.address));
        let before: Vec<usize> =
            users.filter_map(|(other, user)| let_go(change, other, user, &makes, &removes)).collect();
        nodes[remove].after.extend(before);
    }
    nodes
}

/// The node after which `user` no longer needs the old resource of `change`.
fn let_go(
    change: &Change,
    other: usize,
    user: &Change,
    makes: &BTreeMap<&Address, usize>,
    removes: &BTreeMap<usize, usize>,
) -> Option<usize> {
    if let Some(&removed) = removes.get(&other) {
        return Some(removed);
    }
    // A user that is changed in place waits for the new one, so the old one can't wait for it where it must go first.
    let goes_first = matches!(change.action, Action::Replace { order: ReplaceOrder::DeleteFirst });
    makes.get(&user.address).copied().filter(|_| !goes_first)
}

/// Seconds from the start until each node is done, if everything runs as soon as it can; `seconds` says how long a node takes.
pub fn finish_times(nodes: &[Node], seconds: impl Fn(&Node) -> u32) -> Vec<u32> {
    let mut finish: Vec<Option<u32>> = vec![None; nodes.len()];
    // At most as many passes as the graph is deep.
    while finish.iter().any(Option::is_none) {
        let before = finish.iter().flatten().count();
        for (index, node) in nodes.iter().enumerate().filter(|(index, _)| finish[*index].is_none()).collect::<Vec<_>>()
        {
            let start: Option<Vec<u32>> = node.after.iter().map(|i| finish[*i]).collect();
            finish[index] = start.map(|times| times.into_iter().max().unwrap_or(0) + seconds(node));
        }
        if finish.iter().flatten().count() == before {
            break;
        }
    }
    finish.into_iter().map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn change(address: &str, action: Action, needs: &[&str]) -> Change {
        let needs: BTreeSet<Address> = needs.iter().map(|n| (*n).into()).collect();
        Change {
            address: address.into(),
            kind: "k".into(),
            action,
            reason: None,
            fields: Vec::new(),
            props: Value::Null,
            prior: Value::Null,
            outputs: Value::Null,
            depends_on: needs.clone(),
            depended_on: needs,
            token: None,
            deposed: false,
            readiness: None,
        }
    }

    fn order(changes: &[Change]) -> Vec<(String, Half)> {
        let nodes = nodes(changes);
        let times = finish_times(&nodes, |_| 1);
        let mut named: Vec<_> =
            nodes.iter().zip(times).map(|(n, t)| (t, changes[n.change].address.to_string(), n.half)).collect();
        named.sort();
        named.into_iter().map(|(_, address, half)| (address, half)).collect()
    }

    #[test]
    fn making_follows_the_references_and_removing_goes_back() {
        let makes = [change("p/a", Action::Create, &[]), change("p/b", Action::Create, &["p/a"])];
        assert_eq!(order(&makes), [("p/a".into(), Half::Make), ("p/b".into(), Half::Make)]);
        let removes = [change("p/a", Action::Delete, &[]), change("p/b", Action::Delete, &["p/a"])];
        assert_eq!(order(&removes), [("p/b".into(), Half::Remove), ("p/a".into(), Half::Remove)]);
    }

    #[test]
    fn a_replacement_goes_through_its_users() {
        let first = Action::Replace { order: ReplaceOrder::DeleteFirst };
        let both = [change("p/a", first, &[]), change("p/b", first, &["p/a"])];
        let names: Vec<_> = order(&both).into_iter().map(|(a, h)| format!("{a} {h:?}")).collect();
        assert_eq!(names, ["p/b Remove", "p/a Remove", "p/a Make", "p/b Make"]);
        let create_first = Action::Replace { order: ReplaceOrder::CreateFirst };
        let moved = [change("p/a", create_first, &[]), change("p/b", Action::Update, &["p/a"])];
        let names: Vec<_> = order(&moved).into_iter().map(|(a, h)| format!("{a} {h:?}")).collect();
        assert_eq!(names, ["p/a Make", "p/b Make", "p/a Remove"]);
    }

    #[test]
    fn circles_and_gaps_are_refused() {
        let want =
            |address: &str, needs: &str| Desired::new("k", address, &json!({ "x": { "$ref": format!("{needs}#id") } }));
        assert!(ordered(vec![want("p/a", "p/b"), want("p/b", "p/a")]).unwrap_err().to_string().contains("each other"));
        assert!(ordered(vec![want("p/a", "p/z")]).unwrap_err().to_string().contains("no phase makes"));
    }
}
