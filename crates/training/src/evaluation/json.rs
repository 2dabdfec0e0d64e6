//! All of an evaluation as one JSON document.

use serde_json::{Value, json};

use super::{EncoderReport, Evaluation};
use crate::bootstrap::CONFIDENCE;

impl Evaluation {
    /// Everything: settings, measures with intervals, confusion, and every query's neighbours.
    pub fn to_json(&self) -> Value {
        let setting = &self.setting;
        let encoders: Vec<Value> = self.encoders.iter().map(|e| self.encoder(e)).collect();
        let unanswerable: Vec<Value> = self
            .unanswerable()
            .into_iter()
            .map(|(category, queries)| json!({ "category": category, "queries": queries }))
            .collect();
        json!({
            "k": setting.k,
            "leave_one_out": setting.leaves_one_out(),
            "confidence": CONFIDENCE,
            "resamples": setting.bootstrap.resamples,
            "seed": setting.bootstrap.seed,
            "catalog_pictures": setting.catalog.pictures.len(),
            "queries": setting.queries().pictures.len(),
            "categories": self.categories.names,
            "queries_in_catalog": setting.queries_in_catalog(),
            "unanswerable": unanswerable,
            "encoders": encoders,
            "difference": self.comparison,
        })
    }

    fn encoder(&self, report: &EncoderReport) -> Value {
        let mut value = json!(report);
        value["results"] = (0..report.results.len())
            .map(|query| self.query(report, query))
            .collect();
        value
    }

    fn query(&self, report: &EncoderReport, query: usize) -> Value {
        let picture = &self.setting.queries().pictures[query];
        let result = &report.results[query];
        let neighbours: Vec<Value> = result
            .neighbours
            .iter()
            .map(|found| {
                let picture = &self.setting.catalog.pictures[found.row];
                json!({
                    "image": picture.name,
                    "category": picture.label,
                    "similarity": found.similarity,
                })
            })
            .collect();
        json!({
            "image": picture.name,
            "category": picture.label,
            "scores": result.scores,
            "neighbours": neighbours,
        })
    }
}
