//! `route53:health-check`: asks the new side over HTTPS from around the world.
//!
//! It asks by the load balancer's own name, not by one of the site's: those lead to today's servers until the traffic is shifted, and
//! partly so during the shift. The certificate isn't for that name, which Route 53 doesn't look at (D).

use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_route53::types::{HealthCheck as Check, HealthCheckConfig, HealthCheckType, Tag, TagResourceType};
use serde::{Deserialize, Serialize};

/// A health check.
pub struct HealthCheck;

/// What is asked, and how often.
#[derive(Debug, Serialize, Deserialize)]
pub struct HealthCheckProps {
    /// The host name that is resolved, and sent as SNI and Host.
    pub host: Input,
    /// The path; 2xx and 3xx are good answers.
    pub path: String,
    /// Seconds between two questions of one checker: 10 or 30.
    pub interval: i32,
    /// Bad answers in a row that make it unhealthy.
    pub threshold: i32,
    /// Whether it bears the city's tags. They come in a call of their own, which a crash may have cut off; so they are told, and
    /// cost a call, only of a health check that isn't recorded.
    #[serde(default)]
    pub tagged: Option<bool>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct HealthCheckOutputs {
    /// Id, a UUID.
    pub id: String,
}

const PORT: i32 = 443;

/// What makes a creation repeatable, and a health check recognisable as the city's: its name and the intent's token.
fn reference(aws: &Aws, making: Making<'_>) -> String {
    format!("{}-{}", aws.city, making.token)
}

fn is_of(city: &str, check: &Check) -> bool {
    let token = check.caller_reference().strip_prefix(city).and_then(|rest| rest.strip_prefix('-'));
    token.is_some_and(|token| token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn observe(check: &Check) -> Option<HealthCheckProps> {
    let config = check.health_check_config()?;
    Some(HealthCheckProps {
        host: config.fully_qualified_domain_name().unwrap_or_default().to_lowercase().into(),
        path: config.resource_path().unwrap_or_default().into(),
        interval: config.request_interval().unwrap_or_default(),
        threshold: config.failure_threshold().unwrap_or_default(),
        tagged: None,
    })
}

fn found(check: &Check) -> Option<Found<HealthCheck>> {
    Some(Found::ready(observe(check)?, HealthCheckOutputs { id: check.id().into() }))
}

impl Resource for HealthCheck {
    const INFO: KindInfo = KindInfo {
        immutable: &["interval"],
        create: Latency::estimated(1, 2, 10),
        ..KindInfo::new("route53:health-check", Identity::Token)
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = HealthCheckProps;
    type Outputs = HealthCheckOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        match sought.recorded {
            Some(recorded) => Ok(survey.health_check(&recorded.id).await?.as_ref().as_ref().and_then(found)),
            None => {
                let checks = survey.health_checks().await?;
                let Some(check) = checks.iter().find(|check| is_of(&survey.aws.city, check)) else {
                    return Ok(None);
                };
                let owner = survey.health_check_owner(check.id()).await?;
                let tagged = owner.as_deref() == Some(&survey.aws.city);
                Ok(found(check).map(|mut found| {
                    found.props.tagged = Some(tagged);
                    found
                }))
            }
        }
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &HealthCheckProps) -> CloudResult<HealthCheckOutputs> {
        let config = HealthCheckConfig::builder()
            .r#type(HealthCheckType::Https)
            .fully_qualified_domain_name(props.host.known()?)
            .port(PORT)
            .enable_sni(true)
            .resource_path(&props.path)
            .request_interval(props.interval)
            .failure_threshold(props.threshold)
            .build()
            .map_err(|error| CloudError::internal(error.to_string()))?;
        let made = aws
            .route53
            .create_health_check()
            .caller_reference(reference(aws, making))
            .health_check_config(config)
            .send()
            .await
            .map_err(call("route53:CreateHealthCheck"))?;
        let id = made.health_check.map(|check| check.id);
        let id = id.ok_or_else(|| CloudError::internal("CreateHealthCheck answered without a health check"))?;
        tag(aws, making, &id).await?;
        Ok(HealthCheckOutputs { id })
    }

    async fn update(
        aws: &Aws,
        making: Making<'_>,
        outputs: HealthCheckOutputs,
        _: &HealthCheckProps,
        new: &HealthCheckProps,
    ) -> CloudResult<HealthCheckOutputs> {
        aws.route53
            .update_health_check()
            .health_check_id(&outputs.id)
            .fully_qualified_domain_name(new.host.known()?)
            .resource_path(&new.path)
            .failure_threshold(new.threshold)
            .send()
            .await
            .map_err(call("route53:UpdateHealthCheck"))?;
        tag(aws, making, &outputs.id).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &HealthCheckOutputs, _: &HealthCheckProps) -> CloudResult<()> {
        let request = aws.route53.delete_health_check().health_check_id(&outputs.id);
        request.send().await.map_err(call("route53:DeleteHealthCheck"))?;
        Ok(())
    }
}

async fn tag(aws: &Aws, making: Making<'_>, id: &str) -> CloudResult<()> {
    let tags = tags::of(aws, making).into_iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
    let request = aws.route53.change_tags_for_resource().resource_type(TagResourceType::Healthcheck).resource_id(id);
    request.set_add_tags(Some(tags)).send().await.map_err(call("route53:ChangeTagsForResource"))?;
    Ok(())
}
