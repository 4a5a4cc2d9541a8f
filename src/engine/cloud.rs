//! The seam between the engine and the world. Two implementations: AWS (`crate::aws`), and one in memory for rehearsals and tests.

use super::kind::KindInfo;
use super::{Address, CloudError, CloudResult};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Reads and changes resources of every kind. It never waits and never retries: the executor does.
#[async_trait]
pub trait Cloud: Send + Sync {
    /// The facts of a kind; `None` for a name that this version doesn't know.
    fn info(&self, kind: &str) -> Option<&'static KindInfo>;

    /// `props` in the kind's own shape (defaults filled in, sets sorted), so that two of them can be compared field by field.
    fn canonical(&self, kind: &str, props: &Value) -> CloudResult<Value>;

    /// Reads many resources with as few calls as possible; one answer for each, in their order. `None`: it isn't there.
    async fn read(&self, sought: &[Sought]) -> CloudResult<Vec<Option<Observed>>>;

    /// Reads a whole city at once. Only then can be told what is there too much: a listener that no address has.
    async fn look(&self, sought: &[Sought]) -> CloudResult<Look> {
        Ok(Look { observed: self.read(sought).await?, strays: Vec::new() })
    }

    /// Everything that belongs to the city and stands at none of these addresses, whose outputs are as they were found. Costs calls of
    /// its own.
    async fn strays(&self, _known: &[Sought]) -> CloudResult<Vec<Stray>> {
        Ok(Vec::new())
    }

    /// The outputs by which the thing that is called `id` is found; `None` for kinds whose things have no id of their own.
    fn named(&self, _kind: &str, _id: &str) -> Option<Value> {
        None
    }

    /// Reads one resource by its outputs, whomever it belongs to. Its outputs needn't be complete.
    async fn find(&self, sought: &Sought) -> CloudResult<Option<Observed>> {
        Ok(self.read(std::slice::from_ref(sought)).await?.pop().flatten())
    }

    /// Marks what is there as the city's, as a create would have done.
    async fn adopt(&self, order: &Order) -> CloudResult<()> {
        Err(CloudError::internal(format!("{} can't be taken over here", order.address)))
    }

    /// Makes the resource; answers with its outputs.
    async fn create(&self, order: &Order) -> CloudResult<Value>;

    /// Changes the resource in place; answers with its outputs.
    async fn update(&self, order: &Order) -> CloudResult<Value>;

    /// Deletes the resource. That it is gone already is a success.
    async fn delete(&self, order: &Order) -> CloudResult<()>;
}

/// A resource to look for: by its recorded id, else by its tag or name.
#[derive(Clone, Debug)]
pub struct Sought {
    /// Where it stands in the city.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// What the city wants (or, where it no longer wants it, what was recorded), resolved as far as is known.
    pub props: Value,
    /// The recorded outputs, if it was ever made.
    pub outputs: Option<Value>,
    /// Whether the city wants it; false for what is to go.
    pub wanted: bool,
}

/// What was sought, with the outputs that were found.
pub fn as_found(sought: &[Sought], observed: &[Option<Observed>]) -> Vec<Sought> {
    let found = |(one, found): (&Sought, &Option<Observed>)| Sought {
        outputs: found.as_ref().map(|found| found.outputs.clone()).or_else(|| one.outputs.clone()),
        ..one.clone()
    };
    sought.iter().zip(observed).map(found).collect()
}

/// A whole city as it is.
#[derive(Clone, Debug)]
pub struct Look {
    /// One answer for each resource that was sought, in their order.
    pub observed: Vec<Option<Observed>>,
    /// What belongs to the city and stands at none of the addresses.
    pub strays: Vec<Stray>,
}

/// Something that bears the city's tag, but stands at no address that is wanted or recorded. It is told, never touched by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stray {
    /// Its id or ARN.
    pub id: String,
    /// The kind's name where `migrate` knows it, such as `ec2:vpc`; AWS's word otherwise, such as `ec2:instance`.
    pub kind: String,
    /// The address that its tag names: `migrate` made it, or it was made like one that `migrate` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// A resource as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// The kind's properties; one that is `null` is not managed or not told, and is not compared.
    pub props: Value,
    /// Ids, ARNs and addresses that others refer to.
    pub outputs: Value,
    /// Whether it can be used.
    pub readiness: Readiness,
}

/// Whether a resource can be used by what depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// It can be used.
    Ready,
    /// Not yet; what it is doing, in AWS's words: `backing-up`, `1 of 2 tasks running`.
    Pending(String),
    /// It never will be; why.
    Failed(String),
}

/// One call to be made, all of whose inputs are known.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where it stands in the city.
    pub address: Address,
    /// The kind's name.
    pub kind: String,
    /// The same in every repetition of the same intent: 32 hexadecimal digits.
    pub token: String,
    /// The wanted properties; for a delete the recorded ones.
    pub props: Value,
    /// The properties as they are, for update and delete.
    pub prior: Value,
    /// The outputs as they are, for update and delete; `null` for a create.
    pub outputs: Value,
}
