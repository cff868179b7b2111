"""Search over what a person wrote and got. Why it is built so: docs/decisions/search.md."""
