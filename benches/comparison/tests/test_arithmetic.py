"""The harness's own arithmetic: `python3 -m unittest discover -t benches benches/comparison/tests`."""

import json
import unittest

from comparison.arithmetic import (
    Samples,
    interleave,
    least_setting,
    ratio_of,
    recall,
    rising,
    target_recall,
)
from comparison.table import Row, as_json, markdown, number


class Arithmetic(unittest.TestCase):
    def test_a_ratio_below_one_is_better_for_every_unit(self):
        seconds = ratio_of(Samples([1.0, 2.0, 9.0]), Samples([4.0, 4.0, 4.0]))
        self.assertEqual(seconds, 0.5)
        ours, baselines = Samples([200.0, 100.0, 300.0], True), Samples([50.0, 50.0, 25.0], True)
        self.assertEqual(ratio_of(ours, baselines), 0.25)
        self.assertEqual(ratio_of(ours, baselines, "best"), 50 / 300)

    def test_nothing_has_no_ratio(self):
        with self.assertRaises(ValueError):
            ratio_of(Samples([0.0]), Samples([1.0]))

    def test_recall_counts_ties_with_the_last_true_neighbour(self):
        found = [[0.9, 0.8, 0.7], [0.9, 0.5, 0.4]]
        self.assertAlmostEqual(recall(found, [0.7, 0.7], 3), 4 / 6)
        # Four equal vectors at the border: any of them is right, none counts twice.
        self.assertEqual(recall([[0.7, 0.7, 0.7]], [0.7], 2), 1.0)
        with self.assertRaises(ValueError):
            recall([[1.0]], [1.0, 1.0], 1)
        with self.assertRaises(ValueError):
            recall([], [], 1)

    def test_baselines_reach_the_floor_or_the_same_recall(self):
        self.assertEqual(target_recall(0.95), 0.99)
        self.assertAlmostEqual(target_recall(0.998), 0.9975)

    def test_the_least_setting_that_reaches_the_target(self):
        tried = []

        def measure(setting):
            tried.append(setting)
            return setting / 100

        self.assertEqual(least_setting([10, 50, 99, 100], measure, 0.985), (99, 0.99))
        self.assertEqual(tried, [10, 50, 99])
        self.assertEqual(least_setting([10, 50], measure, 0.985), (None, 0.5))

    def test_settings_rise(self):
        self.assertEqual(rising(10, 16, 1.2), [10, 12, 14, 16])
        self.assertEqual(rising(1, 4, 1.1), [1, 2, 3, 4])

    def test_rounds_alternate(self):
        order = []
        subjects = {name: lambda name=name: order.append(name) or [len(order)] for name in "ab"}
        collected = interleave(subjects, 3)
        self.assertEqual("".join(order), "abbaab")
        self.assertEqual(collected, {"a": [1, 4, 5], "b": [2, 3, 6]})


class Table(unittest.TestCase):
    def row(self, **changes):
        fields = dict(
            what="w", baseline="p", unit="ms", ours=Samples([1.0]), theirs=Samples([2.0]), at_most=0.5
        )
        return Row(**(fields | changes))

    def test_a_row_is_reached_at_its_limit_and_when_nothing_else_fails(self):
        self.assertIs(self.row().reached, True)
        self.assertIs(self.row(at_most=0.49).reached, False)
        self.assertIs(self.row(failures=["recall 0.9"]).reached, False)
        self.assertIsNone(self.row(at_most=None).reached)

    def test_markdown_shows_what_was_not_reached_and_why(self):
        rows = [self.row(failures=["recall 0.9 is below 0.99"]), self.row(what="v", at_most=None)]
        text = markdown(rows, {"machine": "m"})
        self.assertIn("| w | 1.00 ms | p | 2.00 ms | 0.500 | 0.500 | 0.5 | **no** |", text)
        self.assertIn("- w, p: recall 0.9 is below 0.99", text)
        self.assertIn("| v | 1.00 ms | p | 2.00 ms | 0.500 | 0.500 |\n", text)
        self.assertIn("- machine: m", text)

    def test_json_holds_every_row(self):
        found = json.loads(as_json([self.row()], {"a": 1}))
        self.assertEqual(found["rows"][0]["ratio"], 0.5)
        self.assertEqual(found["rows"][0]["lookalike"]["values"], [1.0])

    def test_numbers_have_three_digits(self):
        shown = [number(x) for x in (0, 0.01234, 1.234, 12.34, 123.4, 12345.6, 0.9996)]
        self.assertEqual(shown, ["0", "0.0123", "1.23", "12.3", "123", "12,346", "1"])


if __name__ == "__main__":
    unittest.main()
