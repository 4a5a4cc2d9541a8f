//! The engine's seam over the real AWS API.

use super::census::Census;
use super::resource::Kind;
use super::{Aws, KINDS, Survey};
use crate::engine::cloud::{Cloud, Look, Observed, Order, Sought};
use crate::engine::kind::KindInfo;
use crate::engine::{CloudError, CloudResult};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;

/// One city's AWS.
pub struct AwsCloud {
    reader: Arc<Aws>,
    writer: Arc<Aws>,
}

impl AwsCloud {
    /// The seam over these clients. `reader` may repeat its calls by itself; `writer` must not: after a lost answer the executor first
    /// looks whether the call had its effect.
    pub fn new(reader: Arc<Aws>, writer: Arc<Aws>) -> Self {
        Self { reader, writer }
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
    futures_util::future::join_all(reads).await.into_iter().collect()
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
        let survey = Survey::whole(self.reader.clone(), Census::new(sought));
        let observed = read(&survey, sought).await?;
        Ok(Look { observed, strays: Vec::new() })
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
