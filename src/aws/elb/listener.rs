//! `elb:listener`: one port of the load balancer.

use super::action::Action;
use super::{foreign, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult, Input};
use aws_sdk_elasticloadbalancingv2::types::{Certificate, Listener as AwsListener, ProtocolEnum};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A listener.
pub struct Listener;

/// What the city wants of a listener.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListenerProps {
    /// The load balancer's ARN.
    pub load_balancer: Input,
    /// The port.
    pub port: i32,
    /// With a certificate it speaks HTTPS, without one HTTP.
    pub tls: Option<Tls>,
    /// What is done with a request that no rule takes.
    pub default: Action,
    /// Rules that `migrate` didn't make, as text. The city always wants none.
    #[serde(default)]
    pub foreign_rules: BTreeSet<String>,
    /// ARNs of certificates that it serves besides its own. The city always wants none.
    #[serde(default)]
    pub foreign_certificates: BTreeSet<String>,
}

/// How a listener speaks TLS.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Tls {
    /// The ARN of the certificate.
    pub certificate: Input,
    /// The name of AWS's policy of protocols and ciphers.
    pub policy: String,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListenerOutputs {
    /// ARN.
    pub arn: String,
}

fn observe(listener: &AwsListener, rules: BTreeSet<String>, certificates: BTreeSet<String>) -> ListenerProps {
    let default = listener.certificates().first().and_then(|c| c.certificate_arn());
    ListenerProps {
        load_balancer: listener.load_balancer_arn().unwrap_or_default().into(),
        port: listener.port().unwrap_or_default(),
        tls: default
            .map(|arn| Tls { certificate: arn.into(), policy: listener.ssl_policy().unwrap_or_default().into() }),
        default: Action::from_aws(listener.default_actions()),
        foreign_rules: rules,
        foreign_certificates: certificates,
    }
}

fn certificates(tls: &Option<Tls>) -> CloudResult<Option<Vec<Certificate>>> {
    let Some(tls) = tls else { return Ok(None) };
    let certificate = Certificate::builder().certificate_arn(tls.certificate.known()?).build();
    Ok(Some(vec![certificate]))
}

fn protocol(props: &ListenerProps) -> ProtocolEnum {
    if props.tls.is_some() { ProtocolEnum::Https } else { ProtocolEnum::Http }
}

fn policy(props: &ListenerProps) -> Option<String> {
    props.tls.as_ref().map(|tls| tls.policy.clone())
}

impl Resource for Listener {
    const INFO: KindInfo = KindInfo {
        immutable: &["load_balancer", "port"],
        serves: true,
        ..KindInfo::new("elb:listener", Identity::Same(&["load_balancer", "port"]))
    };
    const FOUND_BY: Option<&'static str> = Some("arn");
    type Props = ListenerProps;
    type Outputs = ListenerOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let Some(balancer) = sought.props.load_balancer.get() else {
            return Ok(None);
        };
        let listeners = survey.listeners(balancer).await?;
        // A load balancer has one listener a port, and the load balancer is the city's: no need to look at tags.
        let Some(listener) = listeners.iter().find(|l| l.port() == Some(sought.props.port)) else {
            return Ok(None);
        };
        let arn = listener.listener_arn().unwrap_or_default();
        let (rules, certificates) =
            tokio::try_join!(foreign::rules(survey, arn), foreign::certificates(survey, listener))?;
        Ok(Some(Found::ready(observe(listener, rules, certificates), ListenerOutputs { arn: arn.into() })))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &ListenerProps) -> CloudResult<ListenerOutputs> {
        let made = aws
            .elb
            .create_listener()
            .load_balancer_arn(props.load_balancer.known()?)
            .port(props.port)
            .protocol(protocol(props))
            .set_ssl_policy(policy(props))
            .set_certificates(certificates(&props.tls)?)
            .default_actions(props.default.to_aws()?)
            .set_tags(Some(tag::of(aws, making)))
            .send()
            .await
            .map_err(call("elasticloadbalancing:CreateListener"))?;
        let listener = made.listeners().first().and_then(|l| l.listener_arn());
        let arn = listener.ok_or_else(|| CloudError::internal("CreateListener answered without an ARN"))?;
        Ok(ListenerOutputs { arn: arn.into() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: ListenerOutputs,
        old: &ListenerProps,
        new: &ListenerProps,
    ) -> CloudResult<ListenerOutputs> {
        aws.elb
            .modify_listener()
            .listener_arn(&outputs.arn)
            .protocol(protocol(new))
            .set_ssl_policy(policy(new))
            .set_certificates(certificates(&new.tls)?)
            .default_actions(new.default.to_aws()?)
            .send()
            .await
            .map_err(call("elasticloadbalancing:ModifyListener"))?;
        foreign::remove_rules(aws, &outputs.arn, &old.foreign_rules).await?;
        foreign::remove_certificates(aws, &outputs.arn, &old.foreign_certificates).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &ListenerOutputs, _: &ListenerProps) -> CloudResult<()> {
        let call_name = "elasticloadbalancing:DeleteListener";
        aws.elb.delete_listener().listener_arn(&outputs.arn).send().await.map_err(call(call_name))?;
        Ok(())
    }
}
