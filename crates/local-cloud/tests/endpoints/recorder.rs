use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use lookalike_local_cloud::EventHandler;
use serde_json::{Value, json};

/// Handler with prepared answers, then success; records every delivery.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) script: Mutex<VecDeque<Answer>>,
    pub(crate) deliveries: Mutex<Vec<Value>>,
}

pub(crate) enum Answer {
    /// The whole batch fails.
    Fail,
    Panic,
    /// These keys fail.
    FailKeys(Vec<&'static str>),
    Reply(Value),
}

impl Recorder {
    /// The S3 records of all deliveries.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.deliveries
            .lock()
            .unwrap()
            .iter()
            .flat_map(records)
            .map(|(_, event)| event)
            .collect()
    }

    pub(crate) fn plan(&self, answers: impl IntoIterator<Item = Answer>) {
        self.script.lock().unwrap().extend(answers);
    }
}

/// Returns message ids and S3 records of an SQS event.
pub(crate) fn records(sqs_event: &Value) -> Vec<(String, Value)> {
    let record = |record: &Value| {
        let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
        (
            record["messageId"].as_str().unwrap().to_owned(),
            body["Records"][0].clone(),
        )
    };
    sqs_event["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(record)
        .collect()
}

#[async_trait]
impl EventHandler for Recorder {
    async fn handle(&self, sqs_event: Value) -> Result<Value, String> {
        self.deliveries.lock().unwrap().push(sqs_event.clone());
        let answer = self.script.lock().unwrap().pop_front();
        match answer {
            None => Ok(Value::Null),
            Some(Answer::Fail) => Err("told to fail".to_owned()),
            Some(Answer::Panic) => panic!("told to panic"),
            Some(Answer::Reply(reply)) => Ok(reply),
            Some(Answer::FailKeys(keys)) => {
                let is_bad =
                    |event: &Value| keys.iter().any(|key| event["s3"]["object"]["key"] == *key);
                let bad = records(&sqs_event)
                    .into_iter()
                    .filter(|(_, event)| is_bad(event));
                let items: Vec<Value> = bad.map(|(id, _)| json!({"itemIdentifier": id})).collect();
                Ok(json!({"batchItemFailures": items}))
            }
        }
    }
}
