//! An evaluation as one JSON document.

use serde_json::{Value, json};

use super::{EncoderReport, Evaluation, Products};
use crate::bootstrap::CONFIDENCE;

impl Evaluation {
    /// Returns everything: settings, measures with intervals, confusion, and every query's
    /// neighbors.
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
            "by": if setting.products.is_some() { "product" } else { "image" },
            "products": setting.products.as_ref().map(Products::count),
            "confidence": CONFIDENCE,
            "resamples": setting.bootstrap.resamples,
            "seed": setting.bootstrap.seed,
            "catalog_pictures": setting.catalog.images.len(),
            "queries": setting.queries().images.len(),
            "categories": self.categories.names,
            "queries_in_catalog": setting.queries_in_catalog(),
            "unanswerable": unanswerable,
            "notes": self.notes(),
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
        let image = &self.setting.queries().images[query];
        let result = &report.results[query];
        let neighbors: Vec<Value> = result
            .neighbors
            .iter()
            .map(|found| {
                let image = &self.setting.catalog.images[found.row];
                json!({
                    "image": image.name,
                    "category": image.label,
                    "similarity": found.similarity,
                })
            })
            .collect();
        json!({
            "image": image.name,
            "category": image.label,
            "scores": result.scores,
            "neighbours": neighbors,
        })
    }
}
