//! `ec2:internet-gateway`: the VPC's way to the internet.

use super::{answer, list, routes, tag};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::error::gone_is_fine;
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudResult, Input};
use aws_sdk_ec2::types::{InternetGatewayAttachment, ResourceType};
use serde::{Deserialize, Serialize};

/// An internet gateway with its attachment.
pub struct InternetGateway;

/// What the city wants of its internet gateway.
#[derive(Debug, Serialize, Deserialize)]
pub struct InternetGatewayProps {
    /// The VPC's id.
    pub vpc: Input,
    /// Whether it is attached to the VPC. The city always wants it: a gateway that somebody detached is attached again.
    pub attached: bool,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct InternetGatewayOutputs {
    /// `igw-…`.
    pub id: String,
}

impl Resource for InternetGateway {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc"],
        serves: true,
        ..KindInfo::new("ec2:internet-gateway", Identity::Mark { made_by: "ec2:CreateInternetGateway" })
    };
    const FOUND_BY: Option<&'static str> = Some("id");
    type Props = InternetGatewayProps;
    type Outputs = InternetGatewayOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let found = |vpc: Input, attached: bool, id: &str| {
            let outputs = InternetGatewayOutputs { id: id.into() };
            Ok(Some(Found::ready(InternetGatewayProps { vpc, attached }, outputs)))
        };
        let recorded = sought.recorded.map(|outputs| outputs.id.as_str());
        if let Some(id) = recorded.filter(|_| survey.proves())
            && let Some(table) = routes::leading_to(&survey.route_tables().await?, id)
            && table.vpc_id() == sought.props.vpc.get().map(String::as_str)
        {
            return found(sought.props.vpc.clone(), true, id);
        }
        let gateways = survey.internet_gateways().await?;
        let Some(gateway) =
            tag::find(&gateways, |g| g.internet_gateway_id(), |g| g.tags(), recorded, sought.address.as_str())
        else {
            return Ok(None);
        };
        let id = gateway.internet_gateway_id().unwrap_or_default();
        match gateway.attachments().iter().find_map(InternetGatewayAttachment::vpc_id) {
            Some(vpc) => found(vpc.into(), true, id),
            // Attached to nothing, it can be attached to any VPC: no reason to replace it.
            None => found(sought.props.vpc.clone(), false, id),
        }
    }

    async fn create(
        aws: &Aws,
        making: Making<'_>,
        props: &InternetGatewayProps,
    ) -> CloudResult<InternetGatewayOutputs> {
        // No client token here: a create that is repeated because the second call failed finds the first one's gateway by its tag.
        let gateways = list::internet_gateways(aws, list::of_city(aws)).await?;
        let made = tag::find(&gateways, |g| g.internet_gateway_id(), |g| g.tags(), None, making.address.as_str());
        let id = match made {
            Some(gateway) => answer::id(gateway.internet_gateway_id(), "DescribeInternetGateways")?,
            None => {
                let tags = tag::specification(aws, making, ResourceType::InternetGateway);
                let made = aws.ec2.create_internet_gateway().tag_specifications(tags).send().await;
                let made = made.map_err(call("ec2:CreateInternetGateway"))?;
                answer::id(made.internet_gateway().and_then(|g| g.internet_gateway_id()), "CreateInternetGateway")?
            }
        };
        attach(aws, &id, props.vpc.known()?).await?;
        Ok(InternetGatewayOutputs { id })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: InternetGatewayOutputs,
        _: &InternetGatewayProps,
        new: &InternetGatewayProps,
    ) -> CloudResult<InternetGatewayOutputs> {
        attach(aws, &outputs.id, new.vpc.known()?).await?;
        Ok(outputs)
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &InternetGatewayOutputs,
        props: &InternetGatewayProps,
    ) -> CloudResult<()> {
        if props.attached {
            let detach = aws.ec2.detach_internet_gateway().internet_gateway_id(&outputs.id);
            let detached = detach.vpc_id(props.vpc.known()?).send().await;
            match detached.map(drop).map_err(call("ec2:DetachInternetGateway")) {
                Err(error) if error.code == "Gateway.NotAttached" => {}
                other => gone_is_fine(other)?,
            }
        }
        let deleted = aws.ec2.delete_internet_gateway().internet_gateway_id(&outputs.id).send().await;
        deleted.map(drop).map_err(call("ec2:DeleteInternetGateway"))
    }
}

async fn attach(aws: &Aws, gateway: &str, vpc: &str) -> CloudResult<()> {
    let attached = aws.ec2.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(vpc).send().await;
    match attached.map(drop).map_err(call("ec2:AttachInternetGateway")) {
        // The answer of an earlier call was lost.
        Err(error) if error.code == "Resource.AlreadyAssociated" => Ok(()),
        other => other,
    }
}
