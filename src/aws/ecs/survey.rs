//! What the city has in ECS: its cluster, its capacity provider, and those task definitions that no service proves.

use super::task_definition::is_absent;
use crate::aws::memo::MemoMap;
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionOutput;
use aws_sdk_ecs::types::{
    CapacityProvider, CapacityProviderField, CapacityProviderStatus, Cluster, ClusterField, TaskDefinitionField,
};
use std::sync::Arc;

/// ECS's lists.
#[derive(Default)]
pub struct EcsLists {
    clusters: MemoMap<String, Option<Cluster>>,
    providers: MemoMap<String, Option<CapacityProvider>>,
    task_definitions: MemoMap<String, Option<DescribeTaskDefinitionOutput>>,
}

impl Survey {
    /// The cluster `name` with its settings and tags. ECS shows a deleted one for a while, as `INACTIVE`: that one isn't there.
    pub async fn cluster(&self, name: &str) -> CloudResult<Arc<Option<Cluster>>> {
        let ask = async {
            let request = self.aws.ecs.describe_clusters().clusters(name);
            let request = request.include(ClusterField::Settings).include(ClusterField::Tags);
            let answer = request.include(ClusterField::Attachments).send().await;
            let clusters = answer.map_err(call("ecs:DescribeClusters"))?.clusters.unwrap_or_default();
            Ok(clusters.into_iter().find(|cluster| cluster.status() != Some("INACTIVE")))
        };
        self.ecs.clusters.get(name.to_owned(), ask).await
    }

    /// The capacity provider `name`; a deleted one isn't there.
    pub async fn capacity_provider(&self, name: &str) -> CloudResult<Arc<Option<CapacityProvider>>> {
        let ask = async {
            let request = self.aws.ecs.describe_capacity_providers().capacity_providers(name);
            let answer = request.include(CapacityProviderField::Tags).send().await;
            let all = answer.map_err(call("ecs:DescribeCapacityProviders"))?.capacity_providers.unwrap_or_default();
            Ok(all.into_iter().find(|provider| provider.status() != Some(&CapacityProviderStatus::Inactive)))
        };
        self.ecs.providers.get(name.to_owned(), ask).await
    }

    /// The task definition with its tags: of an ARN that revision, of a family the newest active one.
    pub async fn task_definition(&self, arn_or_family: &str) -> CloudResult<Arc<Option<DescribeTaskDefinitionOutput>>> {
        let ask = async {
            let request = self.aws.ecs.describe_task_definition().task_definition(arn_or_family);
            match request.include(TaskDefinitionField::Tags).send().await.map_err(call("ecs:DescribeTaskDefinition")) {
                Ok(found) => Ok(Some(found)),
                Err(error) if is_absent(&error) => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.ecs.task_definitions.get(arn_or_family.to_owned(), ask).await
    }
}
