//! Asks a web server for a page, by any name and at any address: what users will get there before a record leads them there.

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde::Deserialize;
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

/// How long an answer may take. Route 53's checkers give it four seconds to connect and two to answer (D); we ask from further away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who is asked.
#[derive(Clone, Debug, Default)]
pub enum Web {
    /// The servers themselves.
    Internet,
    /// The sandbox at this endpoint, which knows what would answer: nothing listens behind its addresses.
    Sandbox(String),
    /// Nobody: behind another emulator's addresses there is nothing.
    #[default]
    Nobody,
}

/// One request: `GET path`.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Where it goes: an IP address, or a name whose addresses the system looks up.
    pub address: &'a str,
    /// The port there.
    pub port: u16,
    /// Whether by HTTPS: then the server's certificate must hold for `host`.
    pub tls: bool,
    /// The name that is asked for, by SNI and `Host`, wherever it leads today.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The answer's status. Redirects aren't followed.
    Status(u16),
    /// No answer; why.
    Silence(String),
    /// Nobody was asked.
    Unasked,
}

impl Web {
    /// Asks once.
    pub async fn get(&self, question: Question<'_>) -> Answer {
        let asked = async {
            match self {
                Self::Internet => internet(question).await,
                Self::Sandbox(endpoint) => sandbox(endpoint, question).await,
                Self::Nobody => Ok(Answer::Unasked),
            }
        };
        let late = || Answer::Silence(format!("no answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, asked)
            .await
            .map_or_else(|_| late(), |asked| asked.unwrap_or_else(Answer::Silence))
    }
}

/// Every name is at these addresses.
#[derive(Clone, Debug)]
struct Fixed(Vec<IpAddr>);

impl ResolveDns for Fixed {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(self.0.clone()))
    }
}

async fn internet(question: Question<'_>) -> Result<Answer, String> {
    let Question { address, port, host, path, tls } = question;
    let found = tokio::net::lookup_host((address, port)).await.map_err(|error| format!("{address}: {error}"))?;
    let found = Fixed(found.map(|address| address.ip()).collect());
    let connector: ConnectorBuilder<_> = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let scheme = if tls { "https" } else { "http" };
    let mut request = HttpRequest::new(SdkBody::empty());
    request.set_uri(format!("{scheme}://{host}:{port}{path}")).map_err(|error| causes(&error))?;
    request.headers_mut().insert("user-agent", concat!("migrate/", env!("CARGO_PKG_VERSION")));
    let answer = connector.build_with_resolver(found).call(request).await.map_err(|error| causes(&error))?;
    Ok(Answer::Status(answer.status().as_u16()))
}

/// An error with its causes, each once.
fn causes(error: &dyn Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if parts.iter().all(|part| !part.contains(&text)) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts.join(": ")
}

/// What the sandbox says.
#[derive(Deserialize)]
struct Told {
    status: Option<u16>,
    #[serde(default)]
    error: String,
}

async fn sandbox(endpoint: &str, question: Question<'_>) -> Result<Answer, String> {
    let request = ureq::get(format!("{endpoint}/_sandbox/web"))
        .query("address", question.address)
        .query("port", question.port.to_string())
        .query("tls", question.tls.to_string())
        .query("host", question.host)
        .query("path", question.path);
    let ask = move || request.call()?.body_mut().read_json::<Told>();
    let told = tokio::task::spawn_blocking(ask).await.map_err(|error| error.to_string())?;
    let told = told.map_err(|error| format!("the sandbox can't tell: {error}"))?;
    Ok(told.status.map_or(Answer::Silence(told.error), Answer::Status))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A server that answers one request with `answer`, and what it was asked.
    async fn asked(answer: &'static str, path: &str) -> (Answer, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&buffer[..length]).to_lowercase()
        });
        let question = Question { address: "127.0.0.1", port, tls: false, host: "www.city.example", path };
        let answer = Web::Internet.get(question).await;
        (answer, server.await.unwrap().replace(&port.to_string(), "PORT"))
    }

    #[tokio::test]
    async fn a_server_is_asked_by_a_name_that_leads_elsewhere() {
        let (answer, request) =
            asked("HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", "/healthz?a=b").await;
        assert_eq!(answer, Answer::Status(302));
        assert!(request.starts_with("get /healthz?a=b http/1.1\r\n"), "{request}");
        assert!(request.contains("host: www.city.example:PORT\r\n"), "{request}");
    }

    #[tokio::test]
    async fn who_does_not_answer_says_why() {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let question = Question { address: "127.0.0.1", port, tls: true, host: "www.city.example", path: "/" };
        let Answer::Silence(why) = Web::Internet.get(question).await else { panic!("it answered") };
        assert!(why.to_lowercase().contains("refused"), "{why}");
        assert_eq!(Web::Nobody.get(question).await, Answer::Unasked);
    }
}
