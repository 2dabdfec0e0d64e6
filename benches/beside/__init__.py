"""Measures lookalike beside its peers, interleaved in one session; benches/README.md says how."""
