"""Compares lookalike with other libraries, interleaved in one session; benches/README.md says how."""
