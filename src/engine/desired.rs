//! One resource as the city wants it.

use super::Address;
use super::input::references;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a phase asks for: an address, a kind, and the properties, whose references make the graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Where it stands in the city.
    pub address: Address,
    /// The kind's name, such as `ec2:subnet`.
    pub kind: &'static str,
    /// The kind's properties as JSON; references are not resolved.
    pub props: Value,
    /// What must be ready first although no property refers to it: the route to the internet before the first instance.
    pub after: Vec<Address>,
}

impl Desired {
    /// A resource of the kind named `kind` at `address`.
    pub fn new(kind: &'static str, address: impl Into<Address>, props: &impl Serialize) -> Self {
        #[expect(clippy::expect_used, reason = "properties are plain structs with string keys: they always serialise")]
        let props = serde_json::to_value(props).expect("properties serialise");
        Self { address: address.into(), kind, props, after: Vec::new() }
    }

    /// Adds what must be ready first although no property refers to it.
    pub fn after<A: Into<Address>>(mut self, addresses: impl IntoIterator<Item = A>) -> Self {
        self.after.extend(addresses.into_iter().map(Into::into));
        self
    }

    /// Everything that must be ready before this one: its references and what `after` names.
    pub fn dependencies(&self) -> BTreeSet<Address> {
        let mut all = references(&self.props);
        all.extend(self.after.iter().cloned());
        all
    }
}
