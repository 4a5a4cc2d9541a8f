//! What a kind of resource is: four calls and the facts about it. Kinds contain no loops and no waiting.

use super::{Aws, Survey};
use crate::engine::cloud::{Observed, Order, Readiness};
use crate::engine::kind::KindInfo;
use crate::engine::{Address, CloudError, CloudResult, Desired};
use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::marker::PhantomData;

/// A kind of AWS resource.
pub trait Resource: Send + Sync + 'static {
    /// Name, what can't change, how long it takes.
    const INFO: KindInfo;
    /// What the city wants of it. `Option::None` is "not managed" and isn't compared. Sets are `BTreeSet`s, so that order is no change.
    type Props: Serialize + DeserializeOwned + Send + Sync;
    /// Ids, ARNs and addresses that others refer to, and what is needed to find it again.
    type Outputs: Serialize + DeserializeOwned + Send + Sync;

    /// The output that is its id to people, and by which alone [`Resource::read`] finds it; `None` for what has no id of its own.
    const FOUND_BY: Option<&'static str> = None;

    /// Finds it by its recorded id, else by its tag or deterministic name, and says what it is like, in the same `Props`.
    /// `None`: it isn't there. All calls go through the survey, which makes each of them once for the whole city.
    fn read(survey: &Survey, sought: Sought<'_, Self>)
    -> impl Future<Output = CloudResult<Option<Found<Self>>>> + Send;

    /// Makes it, with its tags in the same call where AWS allows.
    fn create(
        aws: &Aws,
        making: Making<'_>,
        props: &Self::Props,
    ) -> impl Future<Output = CloudResult<Self::Outputs>> + Send;

    /// Changes it in place from `old` to `new`. Never called where only `immutable` properties could differ.
    fn update(
        aws: &Aws,
        making: Making<'_>,
        outputs: Self::Outputs,
        old: &Self::Props,
        new: &Self::Props,
    ) -> impl Future<Output = CloudResult<Self::Outputs>> + Send;

    /// Deletes it. That it is gone already may be an error of class `NotFound`: the caller takes it for success.
    fn delete(
        aws: &Aws,
        making: Making<'_>,
        outputs: &Self::Outputs,
        props: &Self::Props,
    ) -> impl Future<Output = CloudResult<()>> + Send;

    /// A resource of this kind in a phase's list.
    fn at(address: impl Into<Address>, props: &Self::Props) -> Desired {
        Desired::new(Self::INFO.name, address, props)
    }
}

/// A resource to look for.
pub struct Sought<'a, R: Resource + ?Sized> {
    /// Where it stands in the city.
    pub address: &'a Address,
    /// What is wanted, for names; references may be unresolved.
    pub props: &'a R::Props,
    /// What was recorded when it was made.
    pub recorded: Option<&'a R::Outputs>,
    /// Whether the city wants it; false for what is to go.
    pub wanted: bool,
}

/// A resource as it is.
pub struct Found<R: Resource + ?Sized> {
    /// Its properties.
    pub props: R::Props,
    /// Its ids.
    pub outputs: R::Outputs,
    /// Whether it can be used.
    pub readiness: Readiness,
}

impl<R: Resource> Found<R> {
    /// One that can be used.
    pub fn ready(props: R::Props, outputs: R::Outputs) -> Self {
        Self { props, outputs, readiness: Readiness::Ready }
    }
}

/// What a call needs besides the properties.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// Where it stands in the city: the value of the tag `migrate:address`.
    pub address: &'a Address,
    /// The client token: the same in every repetition of the same intent, 32 hexadecimal digits.
    pub token: &'a str,
}

/// A kind with its types erased: the engine speaks JSON.
#[async_trait]
pub trait Kind: Send + Sync {
    /// The facts.
    fn info(&self) -> &'static KindInfo;
    /// The outputs by which the thing that is called `id` is found; `None`: things of this kind have no id of their own.
    fn named(&self, id: &str) -> Option<Value>;
    /// Properties in the kind's own shape.
    fn canonical(&self, props: &Value) -> CloudResult<Value>;
    /// See [`Resource::read`].
    async fn read(&self, survey: &Survey, sought: &crate::engine::cloud::Sought) -> CloudResult<Option<Observed>>;
    /// See [`Resource::create`].
    async fn create(&self, aws: &Aws, order: &Order) -> CloudResult<Value>;
    /// See [`Resource::update`].
    async fn update(&self, aws: &Aws, order: &Order) -> CloudResult<Value>;
    /// See [`Resource::delete`].
    async fn delete(&self, aws: &Aws, order: &Order) -> CloudResult<()>;
}

/// Erases the types of `R`.
pub struct Erased<R>(PhantomData<R>);

impl<R> Erased<R> {
    /// For the list of kinds.
    pub const NEW: Self = Self(PhantomData);
}

#[async_trait]
impl<R: Resource> Kind for Erased<R> {
    fn info(&self) -> &'static KindInfo {
        &R::INFO
    }

    fn named(&self, id: &str) -> Option<Value> {
        // What a read doesn't need is left open: it answers with all of them.
        let mut outputs = json!({ "arn": "", "name": "", "full_name": "", "public_ip": "", "version": "$Latest" });
        outputs[R::FOUND_BY?] = id.into();
        Some(outputs)
    }

    fn canonical(&self, props: &Value) -> CloudResult<Value> {
        to_json::<R, _>(&from_json::<R, R::Props>("properties", props)?)
    }

    async fn read(&self, survey: &Survey, sought: &crate::engine::cloud::Sought) -> CloudResult<Option<Observed>> {
        let props = from_json::<R, R::Props>("properties", &sought.props)?;
        let recorded = sought.outputs.as_ref().map(|o| from_json::<R, R::Outputs>("outputs", o)).transpose()?;
        let sought =
            Sought { address: &sought.address, props: &props, recorded: recorded.as_ref(), wanted: sought.wanted };
        let Some(found) = R::read(survey, sought).await? else {
            return Ok(None);
        };
        Ok(Some(Observed {
            props: to_json::<R, _>(&found.props)?,
            outputs: to_json::<R, _>(&found.outputs)?,
            readiness: found.readiness,
        }))
    }

    async fn create(&self, aws: &Aws, order: &Order) -> CloudResult<Value> {
        let props = from_json::<R, R::Props>("properties", &order.props)?;
        to_json::<R, _>(&R::create(aws, making(order), &props).await?)
    }

    async fn update(&self, aws: &Aws, order: &Order) -> CloudResult<Value> {
        let old = from_json::<R, R::Props>("properties", &order.prior)?;
        let new = from_json::<R, R::Props>("properties", &order.props)?;
        let outputs = from_json::<R, R::Outputs>("outputs", &order.outputs)?;
        to_json::<R, _>(&R::update(aws, making(order), outputs, &old, &new).await?)
    }

    async fn delete(&self, aws: &Aws, order: &Order) -> CloudResult<()> {
        let props = from_json::<R, R::Props>("properties", &order.prior)?;
        let outputs = from_json::<R, R::Outputs>("outputs", &order.outputs)?;
        R::delete(aws, making(order), &outputs, &props).await
    }
}

fn making(order: &Order) -> Making<'_> {
    Making { address: &order.address, token: &order.token }
}

fn from_json<R: Resource, T: DeserializeOwned>(what: &str, value: &Value) -> CloudResult<T> {
    T::deserialize(value).map_err(|e| CloudError::internal(format!("{} {what}: {e}", R::INFO.name)))
}

fn to_json<R: Resource, T: Serialize>(value: &T) -> CloudResult<Value> {
    serde_json::to_value(value).map_err(|e| CloudError::internal(format!("{}: {e}", R::INFO.name)))
}
