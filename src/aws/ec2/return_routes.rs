//! `ec2:return-routes`: the way back from the network of today's servers, in each of that network's route tables.
//!
//! The tables are somebody else's: nothing in them is changed but the one route, and one that leads elsewhere is left alone.

use super::{list, routes};
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_ec2::types::RouteTable;
use serde::{Deserialize, Serialize};

/// The routes.
pub struct ReturnRoutes;

/// What the city wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnRoutesProps {
    /// The VPC whose route tables get the route.
    pub vpc: String,
    /// The IPv4 block that it leads to: the city's network.
    pub to: String,
    /// The id of the peering connection that it leads through.
    pub through: Input,
    /// Whether each of the tables has it. The city always wants it.
    pub everywhere: bool,
}

/// What was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReturnRoutesOutputs {
    /// The VPC.
    pub vpc: String,
    /// The block.
    pub to: String,
    /// The connection's id.
    pub through: String,
}

async fn tables(aws: &Aws, vpc: &str) -> CloudResult<Vec<RouteTable>> {
    list::route_tables(aws, vec![list::filter("vpc-id", vpc)]).await
}

/// Where the table sends the block; `None`: nowhere of its own.
fn leads<'a>(table: &'a RouteTable, to: &str) -> Option<&'a str> {
    let route = table.routes().iter().find(|route| route.destination_cidr_block() == Some(to))?;
    Some(routes::target(route).unwrap_or_default())
}

fn found(outputs: ReturnRoutesOutputs, everywhere: bool) -> Found<ReturnRoutes> {
    let ReturnRoutesOutputs { vpc, to, through } = outputs.clone();
    Found::ready(ReturnRoutesProps { vpc, to, through: through.as_str().into(), everywhere }, outputs)
}

impl Resource for ReturnRoutes {
    const INFO: KindInfo = KindInfo {
        immutable: &["vpc", "to", "through"],
        ..KindInfo::new("ec2:return-routes", Identity::Same(&["vpc", "to"]))
    };
    type Props = ReturnRoutesProps;
    type Outputs = ReturnRoutesOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        // Seen once, they are left alone: a call for every plan is too much for what its owner alone touches (docs/decisions/reading.md).
        if survey.proves()
            && let Some(outputs) = sought.recorded
        {
            return Ok(Some(found(outputs.clone(), true)));
        }
        let Some(through) = sought.props.through.get() else { return Ok(None) };
        let ReturnRoutesProps { vpc, to, .. } = sought.props;
        let tables = tables(&survey.aws, vpc).await?;
        let ours = tables.iter().filter(|table| leads(table, to) == Some(through)).count();
        let outputs = ReturnRoutesOutputs { vpc: vpc.clone(), to: to.clone(), through: through.clone() };
        Ok((ours > 0).then(|| found(outputs, ours == tables.len())))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &ReturnRoutesProps) -> CloudResult<ReturnRoutesOutputs> {
        put(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: ReturnRoutesOutputs,
        _: &ReturnRoutesProps,
        new: &ReturnRoutesProps,
    ) -> CloudResult<ReturnRoutesOutputs> {
        put(aws, new).await
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &ReturnRoutesOutputs, _: &ReturnRoutesProps) -> CloudResult<()> {
        for table in tables(aws, &outputs.vpc).await? {
            if leads(&table, &outputs.to) == Some(&outputs.through) {
                routes::remove(aws, table.route_table_id().unwrap_or_default(), &outputs.to).await?;
            }
        }
        Ok(())
    }
}

async fn put(aws: &Aws, props: &ReturnRoutesProps) -> CloudResult<ReturnRoutesOutputs> {
    const CALL: &str = "ec2:CreateRoute";
    let through = props.through.known()?;
    for table in tables(aws, &props.vpc).await? {
        let id = table.route_table_id().unwrap_or_default();
        match leads(&table, &props.to) {
            Some(there) if there == through => continue,
            Some(_) => {
                return Err(CloudError {
                    class: ErrorClass::Other,
                    call: CALL.into(),
                    code: "RouteAlreadyExists".into(),
                    message: format!(
                        "{id}, a table of today's servers, sends {} elsewhere already: take that route out, or choose another network.cidr",
                        props.to
                    ),
                });
            }
            None => {}
        }
        let route = aws.ec2.create_route().route_table_id(id).destination_cidr_block(&props.to);
        match route.vpc_peering_connection_id(through).send().await.map(drop).map_err(call(CALL)) {
            // The answer of an earlier call was lost.
            Err(error) if error.class == ErrorClass::AlreadyExists => {}
            other => other?,
        }
    }
    Ok(ReturnRoutesOutputs { vpc: props.vpc.clone(), to: props.to.clone(), through: through.clone() })
}
