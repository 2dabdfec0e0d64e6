"""The baselines' programs, written as a careful user of these libraries would write them."""
