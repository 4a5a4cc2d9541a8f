//! `ecs:cluster`: what services and instances belong to.

use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_ecs::types::{self, ClusterSetting, ClusterSettingName};
use serde::{Deserialize, Serialize};

/// A cluster.
pub struct Cluster;

/// What the city wants of its cluster.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClusterProps {
    /// Its name.
    pub name: String,
    /// Container Insights: `enabled`, `enhanced` (each task and container too, for more money) or `disabled`.
    pub insights: String,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClusterOutputs {
    /// `arn:aws:ecs:…:cluster/…`.
    pub arn: String,
    /// Its name.
    pub name: String,
}

impl Resource for Cluster {
    const INFO: KindInfo = KindInfo {
        immutable: &["name"],
        settles: true,
        vanishes: true,
        create: Latency::estimated(1, 3, 15),
        delete: Latency::estimated(2, 60, 300), // until its last instances have left it
        serves: true,
        ..KindInfo::new("ecs:cluster", Identity::Same(&["name"]))
    };
    const FOUND_BY: Option<&'static str> = Some("name");
    type Props = ClusterProps;
    type Outputs = ClusterOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        let cluster = survey.cluster(name).await?;
        let Some(cluster) = cluster.as_ref() else {
            return Ok(None);
        };
        if sought.recorded.is_none() {
            tags::ours(&survey.aws, "ecs:DescribeClusters", name, tag::city(cluster.tags()))?;
        }
        let insights = cluster.settings().iter().find(|s| s.name() == Some(&ClusterSettingName::ContainerInsights));
        let insights = insights.and_then(|setting| setting.value()).unwrap_or("disabled");
        let readiness = match cluster.status() {
            Some("ACTIVE") => Readiness::Ready,
            Some("FAILED") => Readiness::Failed("FAILED".into()),
            other => Readiness::Pending(other.unwrap_or("PROVISIONING").into()),
        };
        let props = ClusterProps { name: name.clone(), insights: insights.into() };
        Ok(Some(Found { props, outputs: outputs(cluster), readiness }))
    }

    /// ECS answers a cluster that is there already as if it had just made it.
    async fn create(aws: &Aws, making: Making<'_>, props: &ClusterProps) -> CloudResult<ClusterOutputs> {
        let request = aws.ecs.create_cluster().cluster_name(&props.name).settings(insights(&props.insights));
        let made = request.set_tags(Some(tag::all(aws, making))).send().await.map_err(call("ecs:CreateCluster"))?;
        let made = made.cluster.ok_or_else(|| CloudError::internal("CreateCluster answered without a cluster"))?;
        Ok(outputs(&made))
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: ClusterOutputs,
        _: &ClusterProps,
        new: &ClusterProps,
    ) -> CloudResult<ClusterOutputs> {
        let request = aws.ecs.update_cluster_settings().cluster(&outputs.name).settings(insights(&new.insights));
        request.send().await.map_err(call("ecs:UpdateClusterSettings"))?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &ClusterOutputs, _: &ClusterProps) -> CloudResult<()> {
        aws.ecs.delete_cluster().cluster(&outputs.name).send().await.map_err(call("ecs:DeleteCluster"))?;
        Ok(())
    }
}

fn outputs(cluster: &types::Cluster) -> ClusterOutputs {
    ClusterOutputs {
        arn: cluster.cluster_arn().unwrap_or_default().into(),
        name: cluster.cluster_name().unwrap_or_default().into(),
    }
}

fn insights(value: &str) -> ClusterSetting {
    ClusterSetting::builder().name(ClusterSettingName::ContainerInsights).value(value).build()
}
