//! How far down the ranking the rows reach that an engine returned.

/// How far down the ranking the found rows reach.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reach {
    /// The score down to which every row was returned that may be a result; `None` if all were.
    pub(crate) floor: Option<f32>,
    /// True if it was not searched for all vectors.
    pub(crate) is_partial: bool,
    /// The attributes of conditions of the filter that the engine could not be asked for.
    pub(crate) unnarrowed: Vec<String>,
}

impl Reach {
    /// True if these are the candidates that a search of all rows would return: `wanted` of them, or all with at least
    /// `min_score`. `lowest` is the lowest score of theirs.
    pub(crate) fn has_all(
        &self,
        candidates: usize,
        wanted: usize,
        lowest: Option<f32>,
        min_score: f32,
    ) -> bool {
        let is_enough = candidates >= wanted || self.is_everything(min_score);
        // One that was not returned may have the floor's score.
        let is_reached = |floor: f32| lowest.is_none_or(|lowest| lowest > floor);
        !self.is_partial && is_enough && self.floor.is_none_or(is_reached)
    }

    /// True if every row with at least `min_score` was returned.
    pub(crate) fn is_everything(&self, min_score: f32) -> bool {
        !self.is_partial && self.floor.is_none_or(|floor| floor < min_score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_complete_above_the_floor() {
        let to = |floor| Reach {
            floor,
            ..Reach::default()
        };
        let has_all = |floor, wanted, min_score| to(floor).has_all(2, wanted, Some(0.5), min_score);
        assert!(has_all(None, 10, 0.0));
        assert!(has_all(Some(0.4), 2, 0.0));
        assert!(
            !has_all(Some(0.5), 2, 0.0),
            "another may have the same score"
        );
        assert!(!has_all(Some(0.4), 3, 0.0));
        assert!(has_all(Some(0.4), 3, 0.45));
        assert!(!has_all(Some(0.6), 2, 0.0));
        assert!(!to(Some(0.6)).has_all(0, 1, None, 0.0));
        let partial = Reach {
            is_partial: true,
            ..Reach::default()
        };
        assert!(!partial.has_all(2, 2, Some(0.5), 0.0));
    }
}
