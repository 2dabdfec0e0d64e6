//! Metrics in CloudWatch's embedded metric format: one JSON line per emission, which CloudWatch
//! Logs converts to metrics without any call by this program.
//!
//! Specification: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use lookalike_core::ports::{Measurement, Metrics, Unit};
use serde_json::{Map, Value, json};

/// Namespace of all metrics.
pub const NAMESPACE: &str = "lookalike";
/// The one dimension: the function that measured.
pub const DIMENSION: &str = "function";

/// Maximum number of metrics in a line, by the specification.
const MAX_METRICS_PER_LINE: usize = 100;
/// Maximum number of values of a metric, by the specification.
const MAX_VALUES_PER_METRIC: usize = 100;

/// Writes metrics of one function as lines of JSON.
pub struct EmfMetrics<W> {
    function: String,
    writer: Mutex<W>,
}

impl EmfMetrics<io::Stdout> {
    /// Writes metrics to standard output, from which Lambda sends them to CloudWatch Logs.
    pub fn stdout(function: impl Into<String>) -> Self {
        Self::new(function, io::stdout())
    }
}

impl<W: Write + Send> EmfMetrics<W> {
    /// Writes metrics of `function` to `writer`, which gets each line in one call.
    pub fn new(function: impl Into<String>, writer: W) -> Self {
        Self {
            function: function.into(),
            writer: Mutex::new(writer),
        }
    }
}

impl<W> fmt::Debug for EmfMetrics<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmfMetrics")
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}

impl<W: Write + Send> Metrics for EmfMetrics<W> {
    fn emit(&self, measurements: &[Measurement]) {
        let milliseconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_millis());
        for document in documents(&self.function, milliseconds, measurements) {
            let line = format!("{document}\n");
            // A writer that panicked elsewhere left a broken line at worst.
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let written = writer
                .write_all(line.as_bytes())
                .and_then(|()| writer.flush());
            if let Err(error) = written {
                tracing::warn!(%error, "metrics are lost");
            }
        }
    }
}

/// All measurements of one name.
struct Metric {
    name: &'static str,
    unit: Unit,
    values: Vec<f64>,
}

impl Metric {
    fn of(measurement: &Measurement) -> Self {
        Self {
            name: measurement.name,
            unit: measurement.unit,
            values: vec![measurement.value],
        }
    }
}

/// Returns the documents of one emission: none without a number, several only beyond the limits.
fn documents(function: &str, milliseconds: u128, measurements: &[Measurement]) -> Vec<Value> {
    let mut lines: Vec<Vec<Metric>> = Vec::new();
    // JSON has no infinity and no NaN, so these are left out.
    for measurement in measurements.iter().filter(|one| one.value.is_finite()) {
        if !lines.iter_mut().any(|line| try_add(line, measurement)) {
            lines.push(vec![Metric::of(measurement)]);
        }
    }
    lines
        .iter()
        .map(|metrics| document(function, milliseconds, metrics))
        .collect()
}

/// Adds the measurement to a line and returns true, unless the line is full or has another unit under that name.
fn try_add(line: &mut Vec<Metric>, measurement: &Measurement) -> bool {
    let full = line.len() >= MAX_METRICS_PER_LINE;
    match line
        .iter_mut()
        .find(|metric| metric.name == measurement.name)
    {
        Some(metric)
            if metric.unit == measurement.unit && metric.values.len() < MAX_VALUES_PER_METRIC =>
        {
            metric.values.push(measurement.value);
            true
        }
        Some(_) => false,
        None if !full => {
            line.push(Metric::of(measurement));
            true
        }
        None => false,
    }
}

fn document(function: &str, milliseconds: u128, metrics: &[Metric]) -> Value {
    let definitions: Vec<_> = metrics
        .iter()
        .map(|metric| json!({"Name": metric.name, "Unit": unit_name(metric.unit)}))
        .collect();
    let mut document = Map::new();
    document.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": u64::try_from(milliseconds).unwrap_or(u64::MAX),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[DIMENSION]],
                "Metrics": definitions,
            }],
        }),
    );
    document.insert(DIMENSION.to_owned(), json!(function));
    for metric in metrics {
        let value = match metric.values.as_slice() {
            [value] => json!(value),
            values => json!(values),
        };
        document.insert(metric.name.to_owned(), value);
    }
    Value::Object(document)
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "Count",
        Unit::Milliseconds => "Milliseconds",
        Unit::Bytes => "Bytes",
        Unit::Percent => "Percent",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn count(name: &'static str, value: f64) -> Measurement {
        Measurement {
            name,
            unit: Unit::Count,
            value,
        }
    }

    fn emitted(measurements: &[Measurement]) -> Vec<Value> {
        let metrics = EmfMetrics::new("indexer", Vec::new());
        metrics.emit(measurements);
        let text = String::from_utf8(metrics.writer.into_inner().unwrap()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_is_as_the_specification_wants_it() {
        let embed = Measurement {
            name: "EmbedTime",
            unit: Unit::Milliseconds,
            value: 12.5,
        };
        let lines = emitted(&[
            count("ImagesIndexed", 3.0),
            embed,
            count("ImagesIndexed", 4.0),
        ]);
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        assert!(line["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"],
            json!([{
                "Namespace": "lookalike",
                "Dimensions": [["function"]],
                "Metrics": [
                    {"Name": "ImagesIndexed", "Unit": "Count"},
                    {"Name": "EmbedTime", "Unit": "Milliseconds"},
                ],
            }])
        );
        assert_eq!(line["function"], "indexer");
        assert_eq!(line["ImagesIndexed"], json!([3.0, 4.0]));
        assert_eq!(line["EmbedTime"], json!(12.5));
    }

    #[test]
    fn values_that_are_not_numbers_are_left_out() {
        assert!(emitted(&[]).is_empty());
        assert!(emitted(&[count("A", f64::NAN), count("B", f64::INFINITY)]).is_empty());
    }

    #[test]
    fn the_limits_of_the_specification_are_kept() {
        let lines = emitted(&vec![count("A", 1.0); 250]);
        let values: Vec<_> = lines
            .iter()
            .map(|line| line["A"].as_array().unwrap().len())
            .collect();
        assert_eq!(values, [100, 100, 50]);

        let names: Vec<&'static str> = (0..130).map(|n| &*format!("M{n}").leak()).collect();
        let lines = emitted(
            &names
                .iter()
                .map(|name| count(name, 1.0))
                .collect::<Vec<_>>(),
        );
        let metrics: Vec<_> = lines
            .iter()
            .map(|line| {
                line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
                    .as_array()
                    .unwrap()
                    .len()
            })
            .collect();
        assert_eq!(metrics, [100, 30]);
    }
}
