"""Changes the project on purpose, one small fault at a time, and counts the faults that no gate sees."""
