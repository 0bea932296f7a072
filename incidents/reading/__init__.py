"""From a written post-mortem to records: pure functions, no database. `read.read` is the way in."""
