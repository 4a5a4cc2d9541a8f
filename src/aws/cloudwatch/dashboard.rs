//! `cloudwatch:dashboard`: the city at a glance.

use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::CloudResult;
use crate::engine::kind::{Identity, KindInfo};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A dashboard.
pub struct Dashboard;

/// What the city wants of its dashboard.
#[derive(Debug, Serialize, Deserialize)]
pub struct DashboardProps {
    /// Name.
    pub name: String,
    /// Its widgets, in CloudWatch's own JSON.
    pub body: Value,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct DashboardOutputs {
    /// Name.
    pub name: String,
}

impl Resource for Dashboard {
    const INFO: KindInfo =
        KindInfo { immutable: &["name"], ..KindInfo::new("cloudwatch:dashboard", Identity::Same(&["name"])) };
    type Props = DashboardProps;
    type Outputs = DashboardOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let name = sought.props.name.clone();
        let body = survey.dashboard(&name).await?;
        Ok(body.as_ref().as_ref().map(|body| {
            // What somebody broke by hand is shown as the text that it is.
            let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.clone()));
            Found::ready(DashboardProps { name: name.clone(), body }, DashboardOutputs { name })
        }))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &DashboardProps) -> CloudResult<DashboardOutputs> {
        put(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: DashboardOutputs,
        _: &DashboardProps,
        new: &DashboardProps,
    ) -> CloudResult<DashboardOutputs> {
        put(aws, new).await
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &DashboardOutputs, _: &DashboardProps) -> CloudResult<()> {
        let request = aws.cloudwatch.delete_dashboards().dashboard_names(&outputs.name);
        request.send().await.map_err(call("cloudwatch:DeleteDashboards"))?;
        Ok(())
    }
}

async fn put(aws: &Aws, props: &DashboardProps) -> CloudResult<DashboardOutputs> {
    aws.cloudwatch
        .put_dashboard()
        .dashboard_name(&props.name)
        .dashboard_body(props.body.to_string())
        .send()
        .await
        .map_err(call("cloudwatch:PutDashboard"))?;
    Ok(DashboardOutputs { name: props.name.clone() })
}
