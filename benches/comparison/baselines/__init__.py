"""The baselines' programs: what somebody would write who picks these libraries, and writes it well."""
