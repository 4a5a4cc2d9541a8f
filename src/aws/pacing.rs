//! Every request to AWS waits for its turn here: the one place that holds the client to the account's rates, and to so many at once. The
//! answers that come back through it say what time it is at AWS.

use super::clock::AwsClock;
use crate::engine::rates::Rates;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests under way at once. One city's plan has some 30; with a hundred cities, connections and file descriptors would run out.
const AT_ONCE: usize = 64;

/// `inner`, held to `rates`; `clock` hears every answer. Whoever shares it shares the rates.
pub fn paced(inner: SharedHttpClient, rates: Arc<Rates>, clock: AwsClock) -> SharedHttpClient {
    SharedHttpClient::new(Paced { inner, rates, room: Arc::new(Semaphore::new(AT_ONCE)), clock })
}

#[derive(Debug)]
struct Paced {
    inner: SharedHttpClient,
    rates: Arc<Rates>,
    room: Arc<Semaphore>,
    clock: AwsClock,
}

impl HttpClient for Paced {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let (rates, room, clock) = (self.rates.clone(), self.room.clone(), self.clock.clone());
        SharedHttpConnector::new(PacedConnector { inner, rates, room, clock })
    }
}

#[derive(Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    rates: Arc<Rates>,
    room: Arc<Semaphore>,
    clock: AwsClock,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, rates, room) = (self.inner.clone(), self.rates.clone(), self.room.clone());
        let clock = self.clock.clone();
        HttpConnectorFuture::new(async move {
            if let Some((service, operation)) = called(&request) {
                rates.take(&service, &operation, for_all(&request)).await;
            }
            let _room = room.acquire().await; // never closed
            let answer = inner.call(request).await;
            if let Some(date) = answer.as_ref().ok().and_then(|answer| answer.headers().get("date")) {
                clock.hear(date);
            }
            answer
        })
    }
}

/// Service (as the request is signed for it) and operation. Where the protocol names none (REST), the method stands for it.
fn called(request: &HttpRequest) -> Option<(String, String)> {
    let scope = request.headers().get("authorization")?.split("Credential=").nth(1)?;
    let service = scope.split('/').nth(3)?.to_owned();
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let query = || {
        let body = std::str::from_utf8(request.body().bytes()?).ok()?;
        body.strip_prefix("Action=")?.split('&').next()
    };
    let rpc = || request.uri().split("/operation/").nth(1);
    let operation = target.or_else(query).or_else(rpc);
    Some((service, operation.unwrap_or(if request.method() == "GET" { "Get" } else { "Put" }).to_owned()))
}

/// Whether a read in the query protocol names nothing that it wants, and no page size.
fn for_all(request: &HttpRequest) -> bool {
    let body = request.body().bytes().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default();
    let mut names = body.split('&').filter_map(|pair| pair.split('=').next());
    body.starts_with("Action=") && names.all(|name| matches!(name, "Action" | "Version" | "NextToken"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn request(service: &str, path: &str, target: Option<&'static str>, body: &'static str) -> HttpRequest {
        let mut request = HttpRequest::new(body.into());
        request.set_method("POST").unwrap();
        request.set_uri(format!("https://x.example{path}")).unwrap();
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=AK/20261124/eu-north-1/{service}/aws4_request, SignedHeaders=host");
        request.headers_mut().insert("authorization", scope);
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target);
        }
        request
    }

    #[test]
    fn every_protocol_of_aws_says_what_is_called() {
        let of = |request: HttpRequest| called(&request).map(|(service, operation)| format!("{service}:{operation}"));
        let ec2 = request("ec2", "/", None, "Action=CreateVpc&Version=2016-11-15");
        assert_eq!(of(ec2).as_deref(), Some("ec2:CreateVpc"));
        assert!(for_all(&request("ec2", "/", None, "Action=DescribeVpcs&Version=2016-11-15")));
        let one = "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3Amigrate%3Acity&Filter.1.Value.1=malmo";
        assert!(!for_all(&request("ec2", "/", None, one)));
        let ecs = request("ecs", "/", Some("AmazonEC2ContainerServiceV20141113.CreateService"), "{}");
        assert_eq!(of(ecs).as_deref(), Some("ecs:CreateService"));
        let alarm = request("monitoring", "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm", None, "");
        assert_eq!(of(alarm).as_deref(), Some("monitoring:PutMetricAlarm"));
        let zone = request("route53", "/2013-04-01/hostedzone/Z1/rrset", None, "<x/>");
        assert_eq!(of(zone).as_deref(), Some("route53:Put"));
    }
}
