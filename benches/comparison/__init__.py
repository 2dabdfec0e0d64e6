"""Compares lookalike with other libraries, interleaved in one session; see benches/README.md."""
