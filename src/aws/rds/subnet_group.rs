//! `rds:subnet-group`: the subnets that the database may lie in.

use super::tag;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call};
use crate::engine::kind::{Identity, KindInfo};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use aws_sdk_rds::types::DbSubnetGroup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A subnet group.
pub struct SubnetGroup;

/// What the city wants of a subnet group.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubnetGroupProps {
    /// Its name.
    pub name: String,
    /// Ids of subnets in two zones at least.
    pub subnets: BTreeSet<Input>,
}

/// Where it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct SubnetGroupOutputs {
    /// Its name.
    pub name: String,
}

impl Resource for SubnetGroup {
    const INFO: KindInfo =
        KindInfo { immutable: &["name"], ..KindInfo::new("rds:subnet-group", Identity::Same(&["name"])) };
    const FOUND_BY: Option<&'static str> = Some("name");
    type Props = SubnetGroupProps;
    type Outputs = SubnetGroupOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let name = sought.recorded.map_or(&sought.props.name, |outputs| &outputs.name);
        let props = |group: &DbSubnetGroup| SubnetGroupProps {
            name: name.clone(),
            subnets: group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier()).map(Input::from).collect(),
        };
        let found = |props| Ok(Some(Found::ready(props, SubnetGroupOutputs { name: name.clone() })));
        if let Some(group) = survey.db_subnet_group_in_use(name).await?.filter(|_| sought.recorded.is_some())
            && props(&group).subnets == sought.props.subnets
        {
            return found(props(&group));
        }
        let group = survey.db_subnet_group(name).await?;
        let Some(group) = group.as_ref() else {
            return Ok(None);
        };
        if sought.recorded.is_none() {
            tag::group_is_ours(&survey.aws, "rds:DescribeDBSubnetGroups", "subgrp", name).await?;
        }
        found(props(group))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &SubnetGroupProps) -> CloudResult<SubnetGroupOutputs> {
        let made = aws
            .rds
            .create_db_subnet_group()
            .db_subnet_group_name(&props.name)
            .db_subnet_group_description(format!("Private subnets of {}", aws.city))
            .set_subnet_ids(Some(ids(&props.subnets)?))
            .set_tags(Some(tag::all(aws, making)))
            .send()
            .await
            .map_err(call("rds:CreateDBSubnetGroup"));
        match made {
            Ok(_) => {}
            Err(error) if error.class == ErrorClass::AlreadyExists => {
                tag::group_is_ours(aws, "rds:CreateDBSubnetGroup", "subgrp", &props.name).await?;
                modify(aws, props).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(SubnetGroupOutputs { name: props.name.clone() })
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: SubnetGroupOutputs,
        _: &SubnetGroupProps,
        new: &SubnetGroupProps,
    ) -> CloudResult<SubnetGroupOutputs> {
        modify(aws, new).await?;
        Ok(outputs)
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &SubnetGroupOutputs, _: &SubnetGroupProps) -> CloudResult<()> {
        let request = aws.rds.delete_db_subnet_group().db_subnet_group_name(&outputs.name);
        request.send().await.map_err(call("rds:DeleteDBSubnetGroup"))?;
        Ok(())
    }
}

async fn modify(aws: &Aws, props: &SubnetGroupProps) -> CloudResult<()> {
    let request = aws.rds.modify_db_subnet_group().db_subnet_group_name(&props.name);
    let request = request.set_subnet_ids(Some(ids(&props.subnets)?));
    request.send().await.map_err(call("rds:ModifyDBSubnetGroup"))?;
    Ok(())
}

fn ids(subnets: &BTreeSet<Input>) -> Result<Vec<String>, CloudError> {
    subnets.iter().map(|subnet| subnet.known().cloned()).collect()
}
