//! The engine's seam over the real AWS API.

use super::census::Census;
use super::elb::neighbours::Neighbours;
use super::resource::{Kind, Making};
use super::{Aws, KINDS, Survey, adopt, stray, tags};
use crate::engine::cloud::{Cloud, Look, Observed, Order, Sought, Stray, as_found};
use crate::engine::kind::KindInfo;
use crate::engine::{Address, CloudError, CloudResult};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

/// One city's AWS.
pub struct AwsCloud {
    reader: Arc<Aws>,
    /// Made when something is changed: a plan is smaller without it.
    writer: LazyLock<Arc<Aws>, Box<dyn FnOnce() -> Arc<Aws> + Send>>,
    neighbours: Option<Arc<Neighbours>>,
}

impl AwsCloud {
    /// The seam over these clients. `reader` may repeat its calls by itself; `writer` must not: after a lost answer the executor first
    /// looks whether the call had its effect.
    pub fn new(reader: Arc<Aws>, writer: impl FnOnce() -> Arc<Aws> + Send + 'static) -> Self {
        Self { reader, writer: LazyLock::new(Box::new(writer)), neighbours: None }
    }

    /// The same, which looks at the city once, together with others of its account and region.
    #[must_use]
    pub fn beside(self, neighbours: Arc<Neighbours>) -> Self {
        Self { neighbours: Some(neighbours), ..self }
    }
}

/// The kind of that name.
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.info().name == name)
}

fn known(name: &str) -> CloudResult<&'static dyn Kind> {
    kind(name).ok_or_else(|| {
        CloudError::internal(format!("this version doesn't know the kind {name}: a newer `migrate` wrote it"))
    })
}

async fn read(survey: &Survey, sought: &[Sought]) -> CloudResult<Vec<Option<Observed>>> {
    let reads = sought.iter().map(|one| async { known(&one.kind)?.read(survey, one).await });
    let answers = futures_util::future::join_all(reads).await;
    let taken = sought.iter().zip(&answers).filter_map(|(one, answer)| {
        let error = answer.as_ref().err().filter(|error| error.code == tags::NOT_OURS)?;
        Some((&one.address, error.clone()))
    });
    if let Some(error) = all_taken(&survey.aws.city, taken) {
        return Err(error);
    }
    answers.into_iter().collect()
}

/// Everything that is somebody else's, in one error that says how each is taken over.
fn all_taken<'a>(city: &str, taken: impl Iterator<Item = (&'a Address, CloudError)>) -> Option<CloudError> {
    let line = |(address, error): (&Address, CloudError)| {
        let id = error.message.rsplit(' ').next().unwrap_or_default().to_owned();
        let message = format!("{address}: {}; `migrate import {city} {address} {id}` takes it over", error.message);
        CloudError { message, ..error }
    };
    taken.map(line).reduce(|all, one| CloudError { message: format!("{}\n{}", all.message, one.message), ..all })
}

#[async_trait]
impl Cloud for AwsCloud {
    fn info(&self, name: &str) -> Option<&'static KindInfo> {
        kind(name).map(|kind| kind.info())
    }

    fn canonical(&self, name: &str, props: &Value) -> CloudResult<Value> {
        known(name)?.canonical(props)
    }

    async fn read(&self, sought: &[Sought]) -> CloudResult<Vec<Option<Observed>>> {
        read(&Survey::new(self.reader.clone()), sought).await
    }

    async fn look(&self, sought: &[Sought]) -> CloudResult<Look> {
        let survey = Survey::whole(self.reader.clone(), Census::new(sought), self.neighbours.clone());
        let observed = read(&survey, sought).await?;
        let census = Census::new(&as_found(sought, &observed));
        Ok(Look { strays: stray::listed(&survey, &census), observed })
    }

    async fn strays(&self, known: &[Sought]) -> CloudResult<Vec<Stray>> {
        stray::all(&self.reader, known).await
    }

    fn named(&self, name: &str, id: &str) -> Option<Value> {
        kind(name)?.named(id)
    }

    async fn find(&self, sought: &Sought) -> CloudResult<Option<Observed>> {
        known(&sought.kind)?.read(&Survey::of_everybody(self.reader.clone()), sought).await
    }

    async fn adopt(&self, order: &Order) -> CloudResult<()> {
        let making = Making { address: &order.address, token: &order.token };
        adopt::mark(&self.writer, making, &order.kind, &order.outputs).await
    }

    async fn create(&self, order: &Order) -> CloudResult<Value> {
        known(&order.kind)?.create(&self.writer, order).await
    }

    async fn update(&self, order: &Order) -> CloudResult<Value> {
        known(&order.kind)?.update(&self.writer, order).await
    }

    async fn delete(&self, order: &Order) -> CloudResult<()> {
        known(&order.kind)?.delete(&self.writer, order).await
    }
}
