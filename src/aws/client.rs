//! The SDK clients of one city's account and region, and who the city is.

use super::clock::AwsClock;
use super::pacing::paced;
use super::web::Web;
use crate::database::Network;
use crate::engine::journal::Journal;
use crate::engine::rates::Rates;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::{Builder, tls};
use std::sync::Arc;
use std::time::Duration;

/// Where the calls go and as whom.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The AWS region.
    pub region: String,
    /// Another endpoint for every service (the sandbox, an emulator); `None`: `AWS_ENDPOINT_URL` or AWS itself.
    pub endpoint: Option<String>,
    /// The sandbox's dummy access key; `None`: the usual chain (environment, profile, SSO, role of the machine).
    pub sandbox_key: Option<String>,
    /// A role to assume first.
    pub assume_role: Option<String>,
    /// How many times as fast as at AWS time passes there, and calls may come.
    pub speed: f64,
    /// Told the time by every answer.
    pub clock: AwsClock,
}

/// The clients, and the city that they work for.
#[derive(Clone, Debug)]
pub struct Aws {
    /// The city's name: the value of the tag `migrate:city` and the prefix of every name.
    pub city: String,
    /// The account, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// How many times as fast as at AWS time passes there: 1, or a sandbox's speed.
    pub time_scale: f64,
    /// How the databases are reached; `None` in an emulator whose databases are records.
    pub network: Option<Network>,
    /// What time it is there.
    pub clock: AwsClock,
    /// Who answers questions to web servers.
    pub web: Web,
    /// Where procedures tell how far they are.
    pub journal: Journal,
    /// AWS Certificate Manager.
    pub acm: aws_sdk_acm::Client,
    /// Application Auto Scaling.
    pub scaling: aws_sdk_applicationautoscaling::Client,
    /// EC2 Auto Scaling.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// CloudWatch.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// EC2 and VPC.
    pub ec2: aws_sdk_ec2::Client,
    /// Elastic Container Registry.
    pub ecr: aws_sdk_ecr::Client,
    /// Elastic Container Service.
    pub ecs: aws_sdk_ecs::Client,
    /// Elastic Load Balancing v2.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// Identity and Access Management.
    pub iam: aws_sdk_iam::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Service Quotas.
    pub quotas: aws_sdk_servicequotas::Client,
    /// Relational Database Service.
    pub rds: aws_sdk_rds::Client,
    /// Route 53.
    pub route53: aws_sdk_route53::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Simple Notification Service.
    pub sns: aws_sdk_sns::Client,
    /// Security Token Service.
    pub sts: aws_sdk_sts::Client,
    /// Resource Groups Tagging: things of every service by their tags.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

/// The SDK's configuration for `access`. Credentials are fetched at the first call, not here.
pub async fn config(access: &Access) -> SdkConfig {
    let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    let http = paced(http, Arc::new(Rates::new(access.speed)), access.clock.clone());
    // A call that hangs is given up and repeated by the SDK; creates answer within seconds and work on in the background.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        // Counts from when the request is sent: one that waits for its turn (`pacing`) isn't late.
        .read_timeout(Duration::from_secs(40))
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(access.region.clone()))
        .http_client(http)
        .timeout_config(timeouts)
        // It would take a request that waits for its turn for a stalled one, and give it up after 20 s. The read timeout does what it is for.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .app_name(aws_config::AppName::new("migrate").unwrap_or_else(|_| unreachable!("a valid application name")));
    if let Some(endpoint) = &access.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(key) = &access.sandbox_key {
        loader = loader.credentials_provider(Credentials::new(key, "sandbox", None, None, "sandbox"));
    }
    let base = loader.load().await;
    let Some(role) = &access.assume_role else {
        return base;
    };
    let provider =
        aws_config::sts::AssumeRoleProvider::builder(role).session_name("migrate").configure(&base).build().await;
    base.to_builder()
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(provider))
        .build()
}

/// The same configuration without the SDK's own repetition: a create whose answer was lost must not be made twice.
pub fn without_retries(config: &SdkConfig) -> SdkConfig {
    config.to_builder().retry_config(RetryConfig::disabled()).build()
}

impl Aws {
    /// The same city's clients with another configuration.
    pub fn anew(&self, config: &SdkConfig) -> Self {
        let fresh = Self::new(config, &self.city, &self.account, &self.region, self.time_scale);
        let (clock, network, web) = (self.clock.clone(), self.network.clone(), self.web.clone());
        Self { clock, network, web, journal: self.journal.clone(), ..fresh }
    }

    /// The clients for one city. Cheap: they share one connection pool and one credentials cache.
    pub fn new(config: &SdkConfig, city: &str, account: &str, region: &str, time_scale: f64) -> Self {
        Self {
            city: city.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            time_scale,
            network: None,
            web: Web::default(),
            clock: AwsClock::default(),
            journal: Journal::default(),
            acm: aws_sdk_acm::Client::new(config),
            scaling: aws_sdk_applicationautoscaling::Client::new(config),
            autoscaling: aws_sdk_autoscaling::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            ec2: aws_sdk_ec2::Client::new(config),
            ecr: aws_sdk_ecr::Client::new(config),
            ecs: aws_sdk_ecs::Client::new(config),
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            quotas: aws_sdk_servicequotas::Client::new(config),
            rds: aws_sdk_rds::Client::new(config),
            route53: aws_sdk_route53::Client::new(config),
            secrets: aws_sdk_secretsmanager::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sts: aws_sdk_sts::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
        }
    }
}
