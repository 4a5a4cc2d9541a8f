//! `web:answers`: before the first user is sent there, the new side is asked by each name that users ask for. Applications that know which
//! hosts they serve (Django's ALLOWED_HOSTS, Rails' config.hosts) answer their health check, which asks by another name, and refuse users.
//!
//! Route 53's checkers ask by the load balancer's own name, and an application may refuse that one too: what they see is part of the fact.
//!
//! Nothing is made: it is a fact that was seen, and stands in the state.

use super::route53::sight::Sight;
use super::web::{Answer, Question};
use super::{Aws, Found, Making, Resource, Sought, Survey};
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudError, CloudResult, ErrorClass, Input};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The answers.
pub struct Answers;

/// Who is asked what.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnswersProps {
    /// The host name of the load balancer: every question goes there.
    pub target: Input,
    /// Each name that users ask for, and the path that tells whether its service is well.
    pub hosts: BTreeMap<String, String>,
    /// The id of the health check.
    pub health_check: Input,
}

/// What was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnswersOutputs {
    /// The statuses by name; none where nobody could be asked.
    pub statuses: BTreeMap<String, u16>,
}

/// What an answer means; `Ok(None)`: nobody was asked.
fn judge(host: &str, path: &str, answer: Answer) -> CloudResult<Option<u16>> {
    let error = |class, code: String, says: String| {
        let message = format!("https://{host}{path} on the new load balancer: {says}");
        CloudError { class, call: "web:GET".into(), code, message }
    };
    match answer {
        Answer::Unasked => Ok(None),
        Answer::Status(status @ 200..400) => Ok(Some(status)),
        // It may be starting, or be too busy.
        Answer::Status(status @ (408 | 425 | 429 | 500..)) => {
            Err(error(ErrorClass::Dependency, status.to_string(), format!("it answers {status}")))
        }
        Answer::Silence(why) => Err(error(ErrorClass::Dependency, "NoAnswer".into(), why)),
        Answer::Status(status) => Err(error(
            ErrorClass::Other,
            status.to_string(),
            format!(
                "it answers {status}, although the same path answers its health check: allow the host {host} in the application \
                 (ALLOWED_HOSTS, config.hosts, server_name), and apply again; no user was moved"
            ),
        )),
    }
}

async fn ask(aws: &Aws, props: &AnswersProps) -> CloudResult<AnswersOutputs> {
    let address = props.target.known()?;
    let one = |(host, path): (&String, &String)| {
        let (host, path) = (host.clone(), path.clone());
        async move {
            let question = Question { address, port: 443, tls: true, host: &host, path: &path };
            let status = judge(&host, &path, aws.web.get(question).await)?;
            Ok::<_, CloudError>(status.map(|status| (host, status)))
        }
    };
    let answers = futures_util::future::try_join_all(props.hosts.iter().map(one)).await?;
    Sight::must_be_healthy(aws, props.health_check.known()?).await?;
    Ok(AnswersOutputs { statuses: answers.into_iter().flatten().collect() })
}

impl Resource for Answers {
    const INFO: KindInfo = KindInfo {
        // What was asked is known from the record alone.
        unread: &["target", "hosts", "health_check"],
        create: Latency::estimated(1, 5, 60),
        update: Latency::estimated(1, 5, 60),
        ..KindInfo::new("web:answers", Identity::Same(&["target"]))
    };
    type Props = AnswersProps;
    type Outputs = AnswersOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let (target, health_check) = (sought.props.target.clone(), sought.props.health_check.clone());
        let props = AnswersProps { target, hosts: sought.props.hosts.clone(), health_check };
        let outputs = match sought.recorded {
            Some(recorded) => Some(recorded.clone()),
            // What was seen in a run whose state is lost can be seen again.
            None if sought.props.health_check.get().is_some() => ask(&survey.aws, sought.props).await.ok(),
            None => None,
        };
        Ok(outputs.map(|outputs| Found::ready(props, outputs)))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &AnswersProps) -> CloudResult<AnswersOutputs> {
        ask(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        _: AnswersOutputs,
        _: &AnswersProps,
        props: &AnswersProps,
    ) -> CloudResult<AnswersOutputs> {
        ask(aws, props).await
    }

    async fn delete(_: &Aws, _: Making<'_>, _: &AnswersOutputs, _: &AnswersProps) -> CloudResult<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_the_application_refuses_ends_it_and_what_may_pass_is_asked_again() {
        let class = |answer| judge("www.city.example", "/healthz", answer).map_err(|error| error.class);
        assert_eq!(class(Answer::Status(302)), Ok(Some(302)));
        assert_eq!(class(Answer::Unasked), Ok(None));
        for status in [400, 401, 403, 404, 421] {
            assert_eq!(class(Answer::Status(status)), Err(ErrorClass::Other), "{status}");
        }
        for status in [429, 500, 502, 503, 504] {
            assert_eq!(class(Answer::Status(status)), Err(ErrorClass::Dependency), "{status}");
        }
        assert_eq!(class(Answer::Silence("refused".into())), Err(ErrorClass::Dependency));
    }
}
