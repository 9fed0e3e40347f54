"""Makes notebooks of verified examples, runs them in a kernel under replay, and holds what is committed to that."""
