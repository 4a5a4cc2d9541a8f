//! What the city has in RDS: its instance, and the parameters that were set in its parameter groups.

use crate::aws::memo::{Memo, MemoMap};
use crate::aws::{Survey, call};
use crate::engine::CloudResult;
use aws_sdk_rds::types::{DbInstance, DbSubnetGroup, Filter, Parameter};
use std::sync::Arc;

/// RDS's lists.
#[derive(Default)]
pub struct RdsLists {
    instances: Memo<Vec<DbInstance>>,
    parameters: MemoMap<String, Option<Vec<Parameter>>>,
    subnet_groups: MemoMap<String, Option<DbSubnetGroup>>,
}

impl Survey {
    /// The instance that bears the city's name, if there is one.
    pub async fn db_instances(&self) -> CloudResult<Arc<Vec<DbInstance>>> {
        let ask = async {
            let city = Filter::builder().name("db-instance-id").values(&self.aws.city).build();
            let pages = self.aws.rds.describe_db_instances().filters(city).into_paginator().items().send();
            absent_is_empty(pages.collect::<Result<_, _>>().await.map_err(call("rds:DescribeDBInstances")))
                .map(Option::unwrap_or_default)
        };
        self.rds.instances.get(ask).await
    }

    /// The parameters that were set in the parameter group `name`; `None` where there is no such group.
    pub async fn db_parameters(&self, name: &str) -> CloudResult<Arc<Option<Vec<Parameter>>>> {
        let ask = async {
            let request = self.aws.rds.describe_db_parameters().db_parameter_group_name(name).source("user");
            let pages = request.into_paginator().items().send();
            absent_is_empty(pages.collect::<Result<_, _>>().await.map_err(call("rds:DescribeDBParameters")))
        };
        self.rds.parameters.get(name.to_owned(), ask).await
    }

    /// The subnet group `name` as the instance tells that lies in it.
    pub async fn db_subnet_group_in_use(&self, name: &str) -> CloudResult<Option<DbSubnetGroup>> {
        if !self.proves() {
            return Ok(None);
        }
        let instances = self.db_instances().await?;
        let mut groups = instances.iter().filter_map(|instance| instance.db_subnet_group());
        Ok(groups.find(|group| group.db_subnet_group_name() == Some(name)).cloned())
    }

    /// The subnet group `name`.
    pub async fn db_subnet_group(&self, name: &str) -> CloudResult<Arc<Option<DbSubnetGroup>>> {
        let ask = async {
            let request = self.aws.rds.describe_db_subnet_groups().db_subnet_group_name(name).send();
            let answer = absent_is_empty(request.await.map_err(call("rds:DescribeDBSubnetGroups")))?;
            Ok(answer.and_then(|answer| answer.db_subnet_groups.unwrap_or_default().into_iter().next()))
        };
        self.rds.subnet_groups.get(name.to_owned(), ask).await
    }
}

fn absent_is_empty<T>(answer: CloudResult<T>) -> CloudResult<Option<T>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
